"""Lists of addresses: looked at, suppressed, checked, expired."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadAliasFactory,
    LeadFactory,
    OrganizationFactory,
    RecipientFactory,
    SuppressionFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import (
    check,
    look_at,
    remove_expired,
    suppress,
    suppress_addresses,
    suppress_erased,
    suppress_many,
    unsuppress,
)

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=30)
LIST = ["Ana@Acme.example", "", "bo@acme.example", "ana@acme.example ", "nonsense", "@umbrella.example"]


@pytest.fixture
def organization():
    return OrganizationFactory()


def many(organization, texts=LIST, **given):
    wanted = {"reason": SuppressionReason.UNSUBSCRIBED, "source": "a list", "actor": SYSTEM, "at": NOON}
    return suppress_many(organization=organization, texts=texts, **{**wanted, **given})


def ana_in(organization, **fields):
    lead = LeadFactory(organization=organization, email="ana@acme.example", **fields)
    return RecipientFactory(lead=lead, campaign__organization=organization)


def test_a_list_is_looked_at_line_by_line_and_nothing_is_changed(organization):
    SuppressionFactory(organization=organization, address="bo@acme.example")
    ana_in(organization)
    LeadFactory(organization=organization, email="cy@umbrella.example")

    outlook = look_at(organization=organization, texts=LIST, now=NOON)

    assert [(entry.line, entry.target, entry.state) for entry in outlook.entries] == [
        (1, "ana@acme.example", "new"),
        (3, "bo@acme.example", "known"),
        (4, "ana@acme.example", "twice"),
        (5, "", "invalid"),
        (6, "umbrella.example", "new"),
    ]
    assert (outlook.leads, outlook.active, Suppression.objects.count()) == (2, 1, 1)


@pytest.mark.parametrize("size", [1, 500])
def test_the_weightiest_reason_that_a_list_gives_for_somebody_is_kept(organization, monkeypatch, size):
    monkeypatch.setattr("leads.suppression.many.BATCH", size)
    SuppressionFactory(organization=organization, address="cy@acme.example", reason="import")
    told = [
        ("ana@acme.example", "hard_bounce"),
        ("bo@acme.example", None),
        ("cy@acme.example", "manual"),
        ("di@acme.example", "import"),
        ("Ana@acme.example", "unsubscribed"),
        ("bo@acme.example", "complaint"),
        ("cy@acme.example", "legal"),
        ("di@acme.example", None),
        ("ana@acme.example", "legal"),
    ]
    given = {
        "texts": [address for address, _ in told],
        "reason": SuppressionReason.HARD_BOUNCE,
        "reasons": [reason and SuppressionReason(reason) for _, reason in told],
    }

    seen = look_at(organization=organization, now=NOON, **given)
    done = many(organization, **given)

    assert seen.reasons == {"unsubscribed": 1, "complaint": 1}
    assert (done.added, done.known, done.twice) == (3, 1, 5)
    assert dict(Suppression.objects.values_list("address", "reason")) == {
        "ana@acme.example": "unsubscribed",
        "bo@acme.example": "complaint",
        "cy@acme.example": "legal",
        "di@acme.example": "hard_bounce",
    }


def test_what_a_list_would_stop_in_one_campaign_is_counted_there_alone(organization):
    recipient = ana_in(organization)
    other = CampaignFactory(organization=organization)

    counts = [
        look_at(organization=organization, texts=LIST, now=NOON, campaign_id=campaign.pk).active
        for campaign in (recipient.campaign, other)
    ]

    assert counts == [1, 0]


def test_a_list_does_what_it_was_said_to_do(organization):
    SuppressionFactory(organization=organization, address="bo@acme.example")
    ana_in(organization)

    done = many(organization)

    assert (done.added, done.known, done.twice, [each.text for each in done.invalid]) == (2, 1, 1, ["nonsense"])
    assert done.active == 1
    assert Recipient.objects.values_list("status", "exited_at").get() == ("unsubscribed", NOON)
    assert Lead.objects.get().status == "unsubscribed"
    assert AuditLog.objects.get().after == {"added": 2, "changed": 1, "reason": "unsubscribed"}


def test_whoever_stands_in_a_list_by_address_and_by_domain_leaves_once(organization, monkeypatch):
    monkeypatch.setattr("leads.suppression.many.BATCH", 1)
    RecipientFactory(lead=ana_in(organization).lead, campaign__organization=organization, occupies=False)
    texts = ["ana@acme.example", "acme.example"]

    told = look_at(organization=organization, texts=texts, now=NOON).active
    done = many(organization, texts)

    assert (told, done.active, many(organization, texts).active) == (1, 1, 0)


def test_normalized_addresses_are_taken_whatever_they_look_like_and_each_once(organization, monkeypatch):
    monkeypatch.setattr("leads.suppression.many.BATCH", 2)
    inside = ana_in(organization)
    wanted = {"reason": SuppressionReason.IMPORT, "source": "import 7", "actor": SYSTEM, "at": NOON}
    given = ["ana@acme.example", "odd@one@acme.example", "ana@acme.example", "bo@acme.example"]

    added = suppress_addresses(organization=organization, addresses=given, **wanted)
    again = suppress_addresses(organization=organization, addresses=given, **wanted)

    inside.refresh_from_db()
    assert (added, again, inside.status) == (3, 0, "stopped")
    assert set(Suppression.objects.values_list("address", "reason", "source", "expires_at")) == {
        (address, "import", "import 7", None) for address in given
    }


def test_the_same_list_again_changes_nothing(organization):
    many(organization)

    done = many(organization)

    assert (done.added, done.known, AuditLog.objects.count()) == (0, 3, 1)


def queries(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_list_costs_no_query_more_for_three_than_for_one(organization):
    for name in ("a", "b", "c", "d"):
        LeadFactory(organization=organization, email=f"{name}@acme.example")

    one = queries(lambda: many(organization, ["a@acme.example"]))
    three = queries(lambda: many(organization, ["b@acme.example", "c@acme.example", "d@acme.example"]))

    assert one == three


def test_what_holds_for_one_campaign_takes_nobody_out_of_another(organization):
    stays, leaves = ana_in(organization), CampaignFactory(organization=organization)
    RecipientFactory(lead=stays.lead, campaign=leaves)

    suppress(
        organization=organization,
        address="ana@acme.example",
        reason=SuppressionReason.UNSUBSCRIBED,
        campaign_id=leaves.pk,
        at=NOON,
    )

    out = Recipient.objects.exclude(exit_reason="").values_list("campaign", flat=True)
    assert (list(out), Lead.objects.get().status) == ([leaves.pk], "ok")


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (("manual", LATER), ("unsubscribed", None), ("unsubscribed", None)),
        (("unsubscribed", None), ("manual", LATER), ("unsubscribed", None)),
        (("hard_bounce", None), ("complaint", None), ("complaint", None)),
        (("legal", None), ("manual", None), ("legal", None)),
        (("manual", NOON + timedelta(days=1)), ("import", LATER), ("manual", LATER)),
    ],
)
def test_of_two_entries_for_one_address_the_weightier_reason_and_the_later_end_stand(organization, first, second, kept):
    for reason, until in (first, second):
        suppress(
            organization=organization,
            address="ana@acme.example",
            reason=SuppressionReason(reason),
            expires_at=until,
            at=NOON,
        )

    assert Suppression.objects.values_list("reason", "expires_at").get() == kept


def test_one_that_expired_begins_anew(organization):
    SuppressionFactory(organization=organization, address="ana@acme.example", reason="complaint", expires_at=NOON)

    suppress(organization=organization, address="ana@acme.example", reason=SuppressionReason.MANUAL, at=NOON)

    assert Suppression.objects.values_list("reason", "expires_at", "created_at").get() == ("manual", None, NOON)


def test_one_that_would_be_over_before_it_begins_is_refused(organization):
    with pytest.raises(Refused) as refused:
        suppress(
            organization=organization,
            address="ana@acme.example",
            reason=SuppressionReason.MANUAL,
            expires_at=NOON,
            at=NOON,
        )

    assert (refused.value.code, Suppression.objects.count()) == ("expiry_passed", 0)


@pytest.mark.parametrize("far", ["2226-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00"])
def test_an_end_that_no_calendar_has_is_refused(organization, far):
    with pytest.raises(Refused) as refused:
        suppress(
            organization=organization,
            address="ana@acme.example",
            reason=SuppressionReason.MANUAL,
            expires_at=datetime.fromisoformat(far),
            at=NOON,
        )

    assert (refused.value.code, Suppression.objects.count()) == ("expiry_too_late", 0)


def test_the_address_of_an_erased_person_is_not_kept_again(organization):
    suppress_erased(organization=organization, lead_id=0, addresses=["gone@acme.example"], at=NOON)
    given = {"organization": organization, "reason": SuppressionReason.MANUAL}
    listed = ["Gone@acme.example", "ana@acme.example"]

    one = suppress(address="gone@acme.example", **given)
    seen = look_at(organization=organization, texts=listed, now=NOON)
    many = suppress_many(texts=listed, source="crm", actor=SYSTEM, at=NOON, **given)

    assert (one.address, one.reason) == ("", "erased")
    assert [entry.state for entry in seen.entries] == ["known", "new"]
    assert (many.added, many.known) == (1, 1)
    assert set(Suppression.objects.values_list("address", flat=True)) == {"", "ana@acme.example"}


def test_when_its_time_has_passed_it_goes_and_the_lead_shows_it_and_nobody_comes_back(organization):
    recipient = ana_in(organization)
    suppress(
        organization=organization,
        address="ana@acme.example",
        reason=SuppressionReason.UNSUBSCRIBED,
        expires_at=LATER,
        at=NOON,
    )
    kept = SuppressionFactory(organization=organization, address="bo@acme.example", expires_at=LATER + timedelta(1))

    before, after = remove_expired(now=LATER - timedelta(seconds=1)), remove_expired(now=LATER)

    recipient.refresh_from_db()
    assert (before, after, recipient.status) == (0, 1, "unsubscribed")
    assert (Lead.objects.get().status, Suppression.objects.get()) == ("ok", kept)
    assert AuditLog.objects.get(action="suppression.expired").after == {"removed": 1}


def test_the_end_of_one_for_a_campaign_leaves_the_state_of_the_lead(organization):
    ana_in(organization, status="bounced")
    SuppressionFactory(organization=organization, address="ana@acme.example", campaign_id=7, expires_at=NOON)

    remove_expired(now=NOON)

    assert Lead.objects.get().status == "bounced"


def test_allowing_it_again_in_one_campaign_leaves_the_state_of_the_lead(organization):
    ana_in(organization, status="bounced")
    of_campaign = SuppressionFactory(organization=organization, address="ana@acme.example", campaign_id=7)

    unsuppress(suppression=of_campaign, actor=SYSTEM, reason="asked")

    assert Lead.objects.get().status == "bounced"


def test_a_check_tells_scope_and_end_and_knows_the_erased_again(organization, django_assert_num_queries):
    SuppressionFactory(organization=organization, address="ana@acme.example", campaign_id=7, reason="manual")
    SuppressionFactory(organization=organization, address="over@acme.example", expires_at=NOON)
    SuppressionFactory(organization=organization, address="umbrella.example", reason="legal", expires_at=LATER)
    suppress_erased(organization=organization, lead_id=0, addresses=["gone@acme.example"], at=NOON)
    asked = ["ana@acme.example", "over@acme.example", "x@umbrella.example", "Gone@acme.example", "nonsense"]

    with django_assert_num_queries(2):
        everywhere = check(organization=organization, addresses=asked, now=NOON)
        in_campaign = check(organization=organization, addresses=asked[:1], now=NOON, campaign_id=7)

    assert [each.code for each in everywhere] == ["", "", "legal", "erased", "invalid_address"]
    assert [each.code for each in in_campaign] == ["manual"]


def test_an_erased_person_is_known_again_after_the_key_was_changed(organization, settings):
    suppress_erased(organization=organization, lead_id=0, addresses=["gone@acme.example"], at=NOON)
    settings.FIELD_ENCRYPTION_KEYS = ["a new key of its own", *settings.FIELD_ENCRYPTION_KEYS]

    suppress_erased(organization=organization, lead_id=0, addresses=["gone@acme.example"], at=NOON)

    found = check(organization=organization, addresses=["gone@acme.example"], now=NOON)
    assert (found[0].code, Suppression.objects.count()) == ("erased", 1)


def test_a_list_of_domains_alone_shows_nothing_on_anybody_and_a_known_one_stops_nobody(organization):
    LeadFactory(organization=organization, email="bo@acme.example")

    many(organization, ["umbrella.example"])
    again = look_at(organization=organization, texts=["umbrella.example"], now=NOON)

    assert (Lead.objects.get().status, again.leads) == ("ok", 0)


@pytest.fixture
def merged(organization):
    """A lead whose address is k@acme.example and who once had o@old.example and p@old.example; it waits for a mail."""
    recipient = RecipientFactory(
        campaign=CampaignFactory(organization=organization),
        lead=LeadFactory(organization=organization, email="k@acme.example"),
    )
    for old in ("o@old.example", "p@old.example", "lead-7@merged.invalid"):
        LeadAliasFactory(lead=recipient.lead, organization=organization, email_normalized=old)
    return recipient


ALL_OF_MERGED = {"k@acme.example", "o@old.example", "p@old.example"}


def one_by_one(organization, texts, **given):
    for text in texts:
        suppress(organization=organization, address=text, at=NOON, **given)


@pytest.mark.parametrize("way", [many, one_by_one])
@pytest.mark.parametrize("address", sorted(ALL_OF_MERGED))
def test_a_no_to_one_address_of_a_merged_person_is_a_no_to_all_of_them(organization, merged, way, address):
    way(organization, [address], reason=SuppressionReason.UNSUBSCRIBED)

    merged.refresh_from_db()
    assert set(Suppression.objects.values_list("address", flat=True)) == ALL_OF_MERGED
    assert (merged.exit_reason, merged.lead.status) == ("unsubscribed", "unsubscribed")


@pytest.mark.parametrize("way", [many, one_by_one])
@pytest.mark.parametrize("address", sorted(ALL_OF_MERGED))
def test_a_dead_address_of_a_merged_person_says_nothing_of_the_others(organization, merged, way, address):
    way(organization, [address], reason=SuppressionReason.HARD_BOUNCE)

    assert set(Suppression.objects.values_list("address", flat=True)) == {address}


def test_an_entry_known_for_one_address_reaches_the_merged_person_by_the_next_list(organization, merged):
    SuppressionFactory(organization=organization, address="o@old.example", reason="hard_bounce")

    outlook = look_at(organization=organization, texts=["o@old.example"], now=NOON)
    done = many(organization, ["o@old.example"])

    merged.refresh_from_db()
    assert (outlook.leads, outlook.active) == (1, 1)
    assert (done.added, done.known, merged.exit_reason) == (0, 1, "unsubscribed")


@pytest.mark.parametrize(("reason", "leads"), [("unsubscribed", 1), ("hard_bounce", 0)])
def test_whom_a_list_would_stop_counts_merged_people(organization, merged, reason, leads):
    outlook = look_at(organization=organization, texts=["o@old.example"], now=NOON, reason=SuppressionReason(reason))

    assert (outlook.leads, outlook.active, outlook.count("new")) == (leads, leads, 1)


def test_merges_of_another_organization_say_nothing(organization, merged):
    suppress(
        organization=OrganizationFactory(), address="o@old.example", reason=SuppressionReason.UNSUBSCRIBED, at=NOON
    )

    assert list(Suppression.objects.values_list("address", flat=True)) == ["o@old.example"]
    assert Recipient.objects.get().exit_reason == ""


def test_a_check_answers_for_a_domain_as_well(organization):
    SuppressionFactory(organization=organization, address="umbrella.example", reason="legal")
    SuppressionFactory(organization=organization, address="ana@acme.example")

    told = check(organization=organization, addresses=["@Umbrella.example", "acme.example", "nonsense"], now=NOON)

    assert [(each.code, each.is_domain) for each in told] == [
        ("legal", True), ("", True), ("invalid_address", False),
    ]  # fmt: skip
