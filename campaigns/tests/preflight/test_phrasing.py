"""What a wording is advised of, whether it is stored or still being written."""

import pytest

from campaigns.models import Campaign, Step, Variant
from campaigns.preflight.phrasing import advise_on
from campaigns_project.accounts.models import Organization

LONG = "<p>We look after berths in three ports and wrote down what worked for us there.</p>"


def written(position: int = 2, **wording: str) -> Variant:
    """A wording that nobody stored."""
    step = Step(campaign=Campaign(organization=Organization(name="Harbor")), position=position, in_thread=False)
    return Variant(step=step, **{"subject": "Berths", "body_html": "<p>Hello there.</p>", **wording})


@pytest.mark.parametrize(
    ("wording", "codes"),
    [
        ({}, []),
        ({"body_html": '<a href="#">x</a>'}, ["link_nowhere"]),
        ({"body_html": '<a name="top">x</a> <a href="{{ unsubscribe_url }}">x</a> {{ postal_address }}'}, []),
        ({"body_html": '<img src="a.png"><img src="b.png" alt="">'}, ["image_without_alt"]),
        ({"body_html": "<p>" + "x" * 100_001 + "</p>"}, ["mail_cut_off"]),
        ({"body_html": "<p>Hi</p>{{ unsubscribe_url }}"}, ["half_a_footer"]),
        ({"subject": "a" * 61}, ["subject_long"]),
        (
            {"subject": "{{ company | default: 'a company with a name of many words' }}, {{ city }}"},
            [],
        ),
        ({"body_html": "<p>Freedom, carefree, urgently.</p>"}, []),
        ({"body_html": "<p>Risk-free: <b>act now</b>.</p>"}, ["pushy_words"]),
        (
            {"body_html": LONG, "body_text": "Now for something that is completely other, never to be seen up here"},
            ["text_differs"],
        ),
        ({"body_html": LONG, "body_text": "We look after berths in three ports and wrote down what worked."}, []),
        ({"position": 1, "body_html": '<a href="https://a.example">x</a>' * 4}, ["first_mail_heavy"]),
        ({"body_html": '<a href="https://a.example">x</a>' * 4}, []),
        ({"position": 1, "body_html": '<img src="a.png" alt="a">'}, ["first_mail_heavy"]),
        ({"body_html": "{% if %}"}, []),  # what keeps it from being made is said elsewhere
    ],
)
def test_a_wording_is_advised_of(wording, codes):
    assert [problem.code for problem in advise_on(written(**wording))] == codes
