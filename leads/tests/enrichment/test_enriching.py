import pytest

from campaigns.tests.factories import LeadFactory, LeadImportFactory, RawLeadFactory, StagedLeadFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.enrichment.endpoint import TRIES
from leads.enrichment.enriching import AT_ONCE, GIVE_UP_AFTER, enrich
from leads.enrichment.errors import EnrichmentRefused
from leads.enrichment.fields import cleaned
from leads.enrichment.trying import try_on
from leads.models import LeadEnrichment
from leads.tests.enrichment import fake_endpoint as fakes
from leads.tests.enrichment.fake_endpoint import KEY, Fault, refusal

pytestmark = pytest.mark.django_db(transaction=True)  # answers come by threads while nothing is open

SAID = {"title": "CEO", "custom.icebreaker": "Ships are lovely."}


@pytest.fixture
def lead_import(profile):
    return LeadImportFactory(organization=profile.organization)


def staged(lead_import, **fields):
    return StagedLeadFactory(
        raw_lead=RawLeadFactory(lead_import=lead_import, campaign_id=77),
        fields={"email": "ana@acme.example", "company": "Acme", **fields},
    )


def fields_of(row):
    row.refresh_from_db()
    return row.fields


def test_empty_fields_are_filled_and_it_is_written_down_who_said_so(fake, profile, lead_import):
    row = staged(lead_import)
    fake.says = lambda prompt: SAID if prompt == "What does Acme do? " else {}

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.filled, done.failed, done.is_done) == (1, 0, True)
    assert fields_of(row) == {"email": "ana@acme.example", "company": "Acme", **SAID}
    kept = LeadEnrichment.objects.get()
    assert (kept.model, kept.campaign_id, kept.error_message) == ("small-model-2026-05", 77, "")
    assert (kept.result["values"], kept.result["profile"]) == (SAID, profile.pk)


def test_nobody_is_asked_with_a_key_that_cannot_be_decrypted(fake, profile, lead_import, settings):
    staged(lead_import)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    profile.refresh_from_db()

    with pytest.raises(Refused) as refused:
        enrich(lead_import_id=lead_import.pk, profile=profile)
    with pytest.raises(Refused) as tried:
        try_on(profile=profile, lead_id=LeadFactory(organization=profile.organization).pk, actor=SYSTEM)

    assert (refused.value.code, tried.value.code, fake.requests) == ("secret_unreadable", "secret_unreadable", [])


def test_only_what_is_empty_is_asked_for_and_a_value_is_never_overwritten(fake, profile, lead_import):
    row = staged(lead_import, title="Captain")
    fake.says = lambda _prompt: {"custom.icebreaker": "Ahoy."}

    enrich(lead_import_id=lead_import.pk, profile=profile)

    assert '"custom.icebreaker"' in fake.requests[0]["messages"][0]["content"]
    assert '"title"' not in fake.requests[0]["messages"][0]["content"]
    assert fields_of(row)["title"] == "Captain"


def test_a_value_of_the_lead_that_is_there_already_counts_as_filled(fake, profile, lead_import):
    LeadFactory(organization=profile.organization, email="ana@acme.example", title="Boss", custom={"icebreaker": "Hi"})
    row = staged(lead_import)
    row.email_normalized = "ana@acme.example"
    row.save()

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.unchanged, fake.requests) == (1, [])


def test_a_second_run_asks_for_nobody_again(fake, profile, lead_import):
    staged(lead_import)
    staged(lead_import)
    fake.says = lambda _prompt: "no json"
    enrich(lead_import_id=lead_import.pk, profile=profile)

    again = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (len(fake.requests), again.seen, again.is_done) == (2, 0, True)


def test_no_more_than_a_few_questions_are_on_the_line_at_once(fake, profile, lead_import):
    for _ in range(3 * AT_ONCE):
        staged(lead_import)
    fake.faults = (
        [Fault(200, fakes.completion('{"title": "x", "custom.icebreaker": ""}').body, seconds=0.05)] * 3 * AT_ONCE
    )

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert done.filled == 3 * AT_ONCE
    assert 1 < fake.most_at_once <= AT_ONCE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("I cannot do that.", "answer_not_json"),
        ('["CEO"]', "answer_not_json"),
        ('{"title": "CEO"}', "answer_wrong_fields"),
        ('{"title": "CEO", "custom.icebreaker": "", "email": "evil@bad.example"}', "answer_wrong_fields"),
        ('{"title": "CEO", "title": "CTO", "custom.icebreaker": ""}', "answer_wrong_fields"),
        ('{"title": 7, "custom.icebreaker": ""}', "answer_wrong_type"),
        ('{"title": {"a": 1}, "custom.icebreaker": ""}', "answer_wrong_type"),
        ('{"title": "' + "x" * 201 + '", "custom.icebreaker": ""}', "answer_bad_value"),
        ('{"title": "a\\u0007b", "custom.icebreaker": ""}', "answer_bad_value"),
        ('{"title": "' + "x" * 50_000 + '", "custom.icebreaker": ""}', "answer_too_long"),
        ("[" * 20_000, "answer_not_json"),
        (None, "answer_empty"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_leaves_the_lead_as_it_was(fake, profile, lead_import, content, code):
    row = staged(lead_import)
    before = dict(row.fields)
    fake.faults = [fakes.completion(content)]

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.failed, fields_of(row)) == (1, before)
    assert LeadEnrichment.objects.get().error_message.startswith(f"{code}: ")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (refusal(401, f"Incorrect API key provided: {KEY}."), "endpoint_key_refused"),
        (refusal(403, "Your plan does not include this model"), "endpoint_key_refused"),
        (refusal(404, "The model does not exist"), "endpoint_refused"),
        (Fault(302, b"", {"Location": "http://169.254.169.254/latest/meta-data"}), "endpoint_refused"),
        (Fault(200, b"<html>Welcome</html>"), "endpoint_not_understood"),
        (Fault(200, {"choices": []}), "endpoint_not_understood"),
        (Fault(200, b"x" * 1_100_000), "endpoint_silent"),
    ],
)
def test_an_endpoint_that_says_no_leaves_the_lead_as_it_was_and_its_key_in_no_message(
    fake, profile, lead_import, fault, code
):
    row = staged(lead_import)
    before = dict(row.fields)
    fake.faults = [fault] * TRIES

    enrich(lead_import_id=lead_import.pk, profile=profile)

    message = LeadEnrichment.objects.get().error_message
    assert (fields_of(row), message.partition(":")[0]) == (before, code)
    assert KEY not in message


def test_what_passes_is_asked_again(fake, profile, lead_import):
    staged(lead_import)
    fake.says = lambda _prompt: SAID
    fake.faults = [refusal(429, "Rate limit reached", retry_after="0.01"), refusal(503, "Overloaded")]

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.filled, len(fake.requests)) == (1, 3)


def test_an_endpoint_that_asks_for_long_patience_is_not_waited_for(fake, profile, lead_import):
    staged(lead_import)
    fake.faults = [refusal(429, "Rate limit reached", retry_after="3600")]

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.failed, len(fake.requests)) == (1, 1)


def test_an_endpoint_without_response_format_is_asked_without(fake, profile, lead_import):
    staged(lead_import)
    fake.knows_response_format = False
    fake.says = lambda _prompt: "```json\n" + '{"title": "CEO", "custom.icebreaker": ""}' + "\n```"

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.filled, ["response_format" in request for request in fake.requests]) == (1, [True, False])


def test_it_gives_up_on_an_endpoint_that_is_down(fake, profile, lead_import):
    rows = [staged(lead_import) for _ in range(2 * GIVE_UP_AFTER)]
    fake.faults = [refusal(401, "no")] * len(rows)

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.failed, len(fake.requests)) == (GIVE_UP_AFTER, GIVE_UP_AFTER)
    assert "refused the key" in done.gave_up


def test_a_lead_without_what_the_prompt_needs_is_not_asked_for(fake, profile, lead_import):
    StagedLeadFactory(raw_lead=RawLeadFactory(lead_import=lead_import), fields={"email": "no@company.example"})

    done = enrich(lead_import_id=lead_import.pk, profile=profile)

    assert (done.failed, fake.requests) == (1, [])
    assert LeadEnrichment.objects.get().error_message.startswith("merge_value_missing: ")


def test_a_private_address_is_not_connected_to_unless_it_is_named(fake, profile, lead_import, settings):
    settings.OUTBOUND_ALLOW_HOSTS = []
    staged(lead_import)

    enrich(lead_import_id=lead_import.pk, profile=profile)

    assert fake.requests == []
    assert LeadEnrichment.objects.get().error_message.startswith("endpoint_not_allowed: ")


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("website", "acme.example", "https://acme.example"),
        ("website", "javascript:alert(1)", None),
        ("timezone", "europe/prague", "Europe/Prague"),
        ("timezone", "Middle Earth", None),
        ("company_domain", "not a domain", None),
        ("custom.note", "two\nlines", "two\nlines"),
        ("company_size", 120, 120),
        ("company_size", "120", None),
        ("company_size", -1, None),
        ("company_size", True, None),
    ],
)
def test_a_value_has_to_pass_the_rules_of_an_import(field, value, kept):
    if kept is None:
        with pytest.raises(EnrichmentRefused):
            cleaned(field, value)
    else:
        assert cleaned(field, value) == kept
