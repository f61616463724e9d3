import pytest

from campaigns_project.errors import Refused
from leads.enrichment.profiles import check_profile

GOOD = {"url": "https://llm.example.com/v1", "prompt": "About {{ company }}", "fields": ["title", "custom.icebreaker"]}


def test_a_profile_that_makes_sense_is_taken():
    check_profile(**GOOD)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"url": "ftp://llm.example.com"}, "bad_endpoint"),
        ({"url": "https://user:secret@llm.example.com/v1"}, "bad_endpoint"),
        ({"url": "https://llm.example.com/v1?key=secret"}, "bad_endpoint"),
        ({"url": "http://[::1"}, "bad_endpoint"),
        ({"prompt": "About {{ company"}, "template_invalid"),
        ({"prompt": "About {{ compnay }}"}, "unknown_merge_field"),
        ({"prompt": "{% include 'x' %}"}, "template_invalid"),
        ({"fields": []}, "bad_fields"),
        ({"fields": "title"}, "bad_fields"),
        ({"fields": ["email"]}, "bad_fields"),
        ({"fields": ["status"]}, "bad_fields"),
        ({"fields": ["custom."]}, "bad_fields"),
        ({"fields": ["custom.Ice Breaker"]}, "bad_fields"),
        ({"fields": ["title", "title"]}, "bad_fields"),
        ({"fields": [f"custom.f{n}" for n in range(11)]}, "bad_fields"),
    ],
)
def test_what_cannot_work_is_refused_before_it_is_kept(changed, code):
    with pytest.raises(Refused) as refused:
        check_profile(**{**GOOD, **changed})

    assert refused.value.code == code
