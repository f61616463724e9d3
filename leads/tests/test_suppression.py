"""Never writing to somebody again, and allowing it again."""

from itertools import permutations

import pytest

from campaigns.models import Recipient
from campaigns.tests.factories import NOON, LeadFactory, OrganizationFactory, RecipientFactory, SuppressionFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import find_suppression, suppress, unsuppress

pytestmark = pytest.mark.django_db
SHOWN = [SuppressionReason.HARD_BOUNCE, SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT]


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def lead(organization):
    return LeadFactory(organization=organization, email="ana@acme.example")


def status_of(lead):
    return Lead.objects.values_list("status", flat=True).get(pk=lead.pk)


def test_doing_it_twice_keeps_the_first_reason_and_is_audited_once(organization):
    once = suppress(
        organization=organization, address="Ana@Acme.example", reason=SuppressionReason.LEGAL, source="letter"
    )
    twice = suppress(organization=organization, address="ana@acme.example", reason=SuppressionReason.MANUAL)

    assert twice == once
    assert Suppression.objects.values_list("address", "reason", "source").get() == (
        "ana@acme.example",
        "legal",
        "letter",
    )
    assert AuditLog.objects.filter(action="suppression.created").count() == 1


def test_of_all_news_of_a_lead_the_weightiest_shows_in_whatever_order_it_came(organization):
    shown = set()

    for order in permutations(SHOWN):
        lead = LeadFactory(organization=organization)
        for reason in order:
            suppress(organization=organization, address=lead.email, reason=reason)
        shown.add(status_of(lead))

    assert shown == {"complained"}


@pytest.mark.parametrize("reason", [SuppressionReason.MANUAL, SuppressionReason.IMPORT, SuppressionReason.LEGAL])
def test_a_reason_the_lead_itself_did_not_give_is_not_shown_on_it(organization, lead, reason):
    suppress(organization=organization, address=lead.email, reason=reason)

    assert (status_of(lead), Suppression.objects.get().reason) == ("ok", reason)


@pytest.mark.parametrize("domain", ["acme.example", "@acme.example", " ACME.Example "])
def test_a_domain_takes_out_its_people_and_nobody_else(organization, lead, domain):
    beside = [
        LeadFactory(organization=organization, email=email) for email in ("bo@notacme.example", "cy@a.acme.example")
    ]
    for person in (lead, *beside):
        RecipientFactory(campaign__organization=organization, lead=person)

    suppress(organization=organization, address=domain, reason=SuppressionReason.LEGAL)

    assert Suppression.objects.get().address == "acme.example"
    assert list(Recipient.objects.exclude(exit_reason="").values_list("lead", "exit_reason")) == [
        (lead.pk, "suppressed")
    ]


def test_a_domain_says_nothing_about_each_of_its_people(organization, lead):
    suppress(organization=organization, address="acme.example", reason=SuppressionReason.HARD_BOUNCE)

    assert status_of(lead) == "ok"


def test_a_suppression_is_found_by_the_address_and_by_its_domain(organization):
    person = SuppressionFactory(organization=organization, address="ana@acme.example")
    domain = SuppressionFactory(organization=organization, address="umbrella.example")

    found = [
        find_suppression(organization, address)
        for address in ("ana@acme.example", "bo@umbrella.example", "bo@acme.example", "bo@a.umbrella.example")
    ]

    assert found == [person, domain, None, None]


def test_the_same_person_stays_in_the_campaigns_of_another_organization(organization, lead):
    elsewhere = RecipientFactory(lead__email=lead.email)

    suppress(organization=organization, address=lead.email, reason=SuppressionReason.UNSUBSCRIBED, at=NOON)

    elsewhere.refresh_from_db()
    assert (elsewhere.exit_reason, status_of(elsewhere.lead)) == ("", "ok")


def test_everybody_leaves_at_the_moment_of_the_news(organization, lead):
    RecipientFactory(campaign__organization=organization, lead=lead)

    suppress(organization=organization, address=lead.email, reason=SuppressionReason.COMPLAINT, at=NOON)

    assert Recipient.objects.values_list("status", "exited_at").get() == ("complained", NOON)


@pytest.mark.parametrize("target", ["", "@", "ana@", "not a domain", "acme", "a\nb@acme.example"])
def test_what_is_neither_address_nor_domain_is_refused_and_changes_nothing(organization, target):
    with pytest.raises(Refused) as refused:
        suppress(organization=organization, address=target, reason=SuppressionReason.MANUAL)

    assert refused.value.code in {"invalid_address", "invalid_domain"}
    assert (Suppression.objects.count(), AuditLog.objects.count()) == (0, 0)


def test_the_audit_log_keeps_no_address(organization, lead):
    suppressed = suppress(
        organization=organization, address=lead.email, reason=SuppressionReason.MANUAL, source="by hand"
    )

    unsuppress(suppression=suppressed, actor=SYSTEM, reason="asked for it")

    rows = [str(row) for row in AuditLog.objects.values()]
    assert (len(rows), [row for row in rows if lead.email in row]) == (3, [])


def test_allowing_an_address_again_clears_the_lead_and_puts_nobody_back(organization, lead):
    RecipientFactory(campaign__organization=organization, lead=lead)
    suppressed = suppress(organization=organization, address=lead.email, reason=SuppressionReason.UNSUBSCRIBED)

    unsuppress(suppression=suppressed, actor=SYSTEM, reason=" asked by phone ")

    assert (Suppression.objects.count(), status_of(lead)) == (0, "ok")
    assert Recipient.objects.get().status == "unsubscribed"
    row = AuditLog.objects.get(action="suppression.removed")
    assert (row.reason, row.before["reason"]) == ("asked by phone", "unsubscribed")


def test_allowing_an_address_again_needs_a_reason(organization):
    suppressed = SuppressionFactory(organization=organization)

    with pytest.raises(Refused) as refused:
        unsuppress(suppression=suppressed, actor=SYSTEM, reason="  ")

    assert (refused.value.code, Suppression.objects.count()) == ("reason_missing", 1)
