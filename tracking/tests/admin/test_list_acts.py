"""Acts on all that the list of leads shows: nobody does one to everybody without saying so."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import CampaignFactory, LeadFactory, MembershipFactory, OrganizationFactory, TagFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, member, press
from leads.bulk import MOST_UNCONFIRMED
from leads.models import Lead, LeadTag, Suppression
from leads.tests.slow import slow_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization(db: None) -> Any:
    return OrganizationFactory(name="Umbrella")


@pytest.fixture
def operator(organization: Any) -> Client:
    return member(organization, Role.OPERATOR)


@pytest.fixture
def many(organization: Any) -> int:
    """As many leads as have to be confirmed, all of one company, beside one of another."""
    LeadFactory.create_batch(MOST_UNCONFIRMED + 1, organization=organization, company="Acme")
    LeadFactory(organization=organization, company="Beta")
    return MOST_UNCONFIRMED + 1


def address_of(act: str, query: str = "") -> str:
    return f"{reverse(f'admin:leads_lead_{act}_these')}{query}"


def opened(client: Client, address: str) -> str:
    return client.get(address, headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize("act", ["tag", "untag", "enroll", "suppress"])
def test_with_nobody_picked_and_nothing_narrowed_all_have_to_be_chosen(
    operator: Client, organization: Any, act: str
) -> None:
    LeadFactory.create_batch(3, organization=organization)
    LeadFactory()
    answers = {"tags": "vip", "campaign": CampaignFactory(organization=organization).pk}
    before = AuditLog.objects.count()

    shown = opened(operator, address_of(act))
    refused = press(operator, address_of(act), **answers).content.decode()
    written = AuditLog.objects.count() - before
    done = press(operator, address_of(act), **answers, everybody="3")

    assert "Nobody is picked, and nothing narrows the list." in shown
    assert "All 3 leads of Umbrella" in shown
    assert "Choose this if all are meant." in refused
    assert (written, "HX-Redirect" in done) == (0, True)


@pytest.mark.parametrize("query", ["?q=", "?status__exact=", "?o=1", "?p=2"])
def test_an_address_that_leaves_its_filters_empty_is_about_everybody(
    operator: Client, organization: Any, query: str
) -> None:
    LeadFactory(organization=organization)

    press(operator, address_of("suppress", query))

    assert "The only lead of Umbrella" in opened(operator, address_of("suppress", query))
    assert not Suppression.objects.exists()


def test_all_is_not_chosen_any_more_when_there_are_others(operator: Client, organization: Any) -> None:
    LeadFactory.create_batch(3, organization=organization)

    refused = press(operator, address_of("tag"), tags="vip", everybody="2").content.decode()

    assert "Their number has changed since it was shown." in refused
    assert not LeadTag.objects.exists()


def test_leads_of_several_organizations_are_told_by_their_names(organization: Any) -> None:
    user = MembershipFactory(organization=organization, role=Role.OPERATOR).user
    other = MembershipFactory(user=user, organization__name="Acme", role=Role.OPERATOR).organization
    seen_only = MembershipFactory(user=user, organization__name="Beta", role=Role.VIEWER).organization
    for home in (organization, other, seen_only):
        LeadFactory(organization=home)

    assert "All 2 leads of Acme and Umbrella" in opened(client_of(user), address_of("tag"))


def test_more_than_a_hundred_are_suppressed_by_their_exact_number_with_a_reason(
    operator: Client, organization: Any, many: int
) -> None:
    address = address_of("suppress", "?q=acme")

    shown = opened(operator, address)
    for typed in ({}, {"confirm_number": str(many)}, {"reason": "asked"}, {"confirm_number": "7", "reason": "asked"}):
        press(operator, address, **typed)
    before = Suppression.objects.count()
    done = press(operator, address, confirm_number=f" {many:,} ", reason="a wrong list")

    assert f"{many} leads: all that the list shows now." in shown
    assert f"Type {many} to confirm" in shown
    assert (before, Suppression.objects.count(), done["HX-Redirect"].endswith("?q=acme")) == (0, many, True)
    entry = AuditLog.objects.get(action="leads.suppressed")
    assert (entry.after, entry.reason, entry.organization_ref) == ({"number": many}, "a wrong list", organization.pk)


def test_a_number_that_is_not_theirs_any_more_suppresses_nobody_and_the_new_one_is_told(
    operator: Client, organization: Any, many: int
) -> None:
    LeadFactory(organization=organization, company="Acme")

    refused = press(operator, address_of("suppress", "?q=acme"), confirm_number=str(many), reason="a wrong list")

    said = refused.content.decode()
    assert f"This is about {many + 1} leads now, and another number was typed." in said
    assert f"Type {many + 1} to confirm" in said
    assert not Suppression.objects.exists()


def test_more_than_the_dialog_told_are_suppressed_only_once_it_has_told_them(
    operator: Client, organization: Any
) -> None:
    LeadFactory.create_batch(3, organization=organization, company="Acme")
    address = address_of("suppress", "?q=acme")

    refused = press(operator, address, shown="2").content.decode()
    before = Suppression.objects.count()
    press(operator, address, shown="3")

    assert "These are 3 leads by now." in refused
    assert '<input type="hidden" name="shown" value="3"' in refused
    assert (before, Suppression.objects.count()) == (0, 3)


def test_to_suppress_all_takes_the_choice_and_the_number(operator: Client, many: int) -> None:
    typed = {"confirm_number": str(many + 1), "reason": "the end"}

    press(operator, address_of("suppress"), **typed)
    before = Suppression.objects.count()
    press(operator, address_of("suppress"), **typed, everybody=str(many + 1))

    assert (before, Suppression.objects.count()) == (0, many + 1)


def test_a_hundred_who_are_picked_are_suppressed_without_a_number(operator: Client, many: int) -> None:
    some = Lead.objects.values_list("pk", flat=True)[:MOST_UNCONFIRMED]
    address = address_of("suppress", f"?picked={','.join(map(str, some))}")

    shown = opened(operator, address)
    press(operator, address)

    assert (many > len(some), "to confirm" in shown, Suppression.objects.count()) == (True, False, MOST_UNCONFIRMED)


def test_the_number_of_those_to_be_suppressed_is_exact_where_others_are_told_about(
    operator: Client, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    LeadFactory.create_batch(3, organization=organization, company="Acme")
    monkeypatch.setattr("campaigns_project.counting.MOST_COUNTED", 3)

    tagged, suppressed = (opened(operator, address_of(act, "?q=acme")) for act in ("tag", "suppress"))

    assert "2+ leads: all that the list shows now" in tagged
    assert "3 leads: all that the list shows now" in suppressed


def test_more_than_can_be_suppressed_at_once_are_told_before_anything_is_typed(
    operator: Client, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    LeadFactory.create_batch(3, organization=organization, company="Acme")
    monkeypatch.setattr("tracking.admin.list_acts.MOST_SUPPRESSED", 2)

    shown = opened(operator, address_of("suppress", "?q=acme"))

    assert "3 leads: all that the list shows now. More than 2 cannot be suppressed at once" in shown
    assert " disabled>" in shown


def test_those_who_cannot_be_counted_in_time_are_not_suppressed(
    operator: Client, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    LeadFactory(organization=organization)
    monkeypatch.setattr("leads.segments.counting.LONGEST_EXACTLY", 5)

    with slow_segment(organization) as slow:
        address = address_of("suppress", f"?segment={slow.pk}")
        shown, refused = opened(operator, address), press(operator, address).content.decode()

    assert all("Finding out exactly how many leads this is about takes too long." in said for said in (shown, refused))
    assert not Suppression.objects.exists()


def test_a_tag_comes_off_all_that_a_filter_shows_without_a_word(operator: Client, organization: Any) -> None:
    tag = TagFactory(organization=organization, name="vip")
    LeadTag.objects.create(lead=LeadFactory(organization=organization, company="Acme"), tag=tag)

    press(operator, address_of("untag", "?q=acme"), tags="vip")

    assert not LeadTag.objects.exists()
