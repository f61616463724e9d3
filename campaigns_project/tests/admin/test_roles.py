"""What each role is offered, and what it may do: a button that one may not use is not there."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Recipient
from campaigns.tests.factories import MembershipFactory, TagFactory, UserFactory
from campaigns_project.accounts.models import Membership
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, member, press
from campaigns_project.tests.admin.conftest import World


def campaign_page(world: World) -> str:
    return reverse("admin:campaigns_campaign_change", args=[world.campaign.pk])


def titles(client: Any, world: World) -> list[str]:
    return [button["title"] for button in client.get(campaign_page(world)).context["buttons"]]


EVERYTHING = [
    "Start", "Schedule", "Check", "Send test", "Enroll leads", "Automatic enrollment", "Lead source", "Senders",
    "Delivery", "Duplicate", "Delete",
]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.VIEWER, []),
        (Role.OPERATOR, ["Check", "Send test", "Enroll leads", "Lead source", "Duplicate"]),
        (Role.MANAGER, EVERYTHING),
        (Role.OWNER, EVERYTHING),
    ],
)
def test_a_campaign_page_offers_what_the_role_may_do(world: World, role: Role, offered: list[str]) -> None:
    assert titles(member(world.organization, role), world) == offered


@pytest.mark.parametrize("verb", ["start", "schedule", "pause", "stop", "archive", "choose_senders"])
def test_an_operator_cannot_use_a_managers_verb_by_its_address(world: World, verb: str) -> None:
    operator = member(world.organization, Role.OPERATOR)

    answer = press(operator, reverse(f"admin:campaigns_campaign_{verb}", args=[world.campaign.pk]))

    assert answer.status_code == 403
    assert Campaign.objects.get().status == "draft"


@pytest.mark.parametrize("verb", ["enroll", "duplicate", "preflight", "send_test"])
def test_a_viewer_changes_nothing(world: World, verb: str) -> None:
    viewer = member(world.organization, Role.VIEWER)

    answer = press(
        viewer, reverse(f"admin:campaigns_campaign_{verb}", args=[world.campaign.pk]), name="x", way="everyone"
    )

    assert answer.status_code == 403
    assert (Campaign.objects.count(), Recipient.objects.count()) == (1, 1)


def test_a_viewer_reads_forms_and_cannot_save_them(world: World) -> None:
    viewer = member(world.organization, Role.VIEWER)
    page = reverse("admin:leads_lead_change", args=[world.lead.pk])

    seen, saved = viewer.get(page), viewer.post(page, {"email": "new@example.com"})

    assert (seen.status_code, saved.status_code) == (200, 403)
    assert b'name="_save"' not in seen.content


def test_a_role_in_one_organization_counts_for_nothing_in_another(world: World, stranger: World) -> None:
    person = MembershipFactory(organization=world.organization, role=Role.VIEWER).user
    MembershipFactory(user=person, organization=stranger.organization, role=Role.OWNER)

    answer = press(
        client_of(person), reverse("admin:campaigns_campaign_enroll", args=[world.campaign.pk]), way="everyone"
    )

    assert answer.status_code == 403


def test_the_sidebar_shows_what_one_may_see(world: World) -> None:
    groups = member(world.organization, Role.OPERATOR).get(reverse("admin:index")).context["sidebar_navigation"]

    shown = {item["title"] for group in groups for item in group["items"]}
    assert {"Campaigns", "Leads", "Senders", "Jobs"} <= shown
    assert shown.isdisjoint({"People", "Workers", "API keys", "Audit log"})


def test_a_list_is_called_as_in_the_sidebar(root: Client) -> None:
    groups = root.get(reverse("admin:index")).context["sidebar_navigation"]
    lists = {item["link"]: item["title"] for group in groups for item in group["items"] if "?" not in item["link"]}

    called = {link: root.get(link).context["title"] for link in lists if link.startswith("/admin/")}

    assert called == {link: lists[link] for link in called}


def test_people_are_for_system_administrators_only(world: World) -> None:
    owner = member(world.organization, Role.OWNER)

    assert owner.get(reverse("admin:accounts_user_changelist")).status_code == 403


def test_a_service_account_cannot_enter_the_admin(world: World) -> None:
    account = next(row for row in world.rows if row._meta.model_name == "serviceaccount")
    account.user.is_staff = True
    account.user.save()

    assert client_of(account.user).get(reverse("admin:index")).status_code == 302


def memberships_form(world: World, *lines: dict[str, Any]) -> dict[str, Any]:
    kept = Membership.objects.filter(organization=world.organization).order_by("user__email")
    data: dict[str, Any] = {
        "name": world.organization.name, "slug": world.organization.slug, "timezone": "UTC",
        "memberships-TOTAL_FORMS": kept.count() + len(lines), "memberships-INITIAL_FORMS": kept.count(),
    }  # fmt: skip
    for number, membership in enumerate(kept):
        data |= {f"memberships-{number}-id": membership.pk, f"memberships-{number}-role": membership.role}
    for number, line in enumerate(lines, start=kept.count()):
        data |= {f"memberships-{number}-{name}": value for name, value in line.items()}
    return data


def test_an_owner_adds_somebody_by_e_mail_and_the_log_says_so(world: World) -> None:
    owner, newcomer = member(world.organization, Role.OWNER), UserFactory()
    page = reverse("admin:accounts_organization_change", args=[world.organization.pk])

    answer = owner.post(page, memberships_form(world, {"email": newcomer.email.upper(), "role": "operator"}))

    assert answer.status_code == 302
    assert Membership.objects.get(user=newcomer).role == Role.OPERATOR
    assert AuditLog.objects.filter(action="membership.created").get().after["user"] == newcomer.pk


def test_somebody_unknown_is_refused_with_what_to_do(world: World) -> None:
    owner = member(world.organization, Role.OWNER)
    page = reverse("admin:accounts_organization_change", args=[world.organization.pk])

    answer = owner.post(page, memberships_form(world, {"email": "nobody@example.com", "role": "operator"}))

    assert "Nobody logs in as nobody@example.com. A system administrator can add" in answer.content.decode()


def test_the_last_owner_stays(world: World) -> None:
    Membership.objects.filter(organization=world.organization).delete()
    owner = member(world.organization, Role.OWNER)
    data = memberships_form(world) | {"memberships-0-role": "viewer"}

    answer = owner.post(reverse("admin:accounts_organization_change", args=[world.organization.pk]), data)

    assert "without an owner" in answer.content.decode()
    assert Membership.objects.get().role == Role.OWNER


def test_an_operator_does_not_edit_the_organization(world: World) -> None:
    operator = member(world.organization, Role.OPERATOR)
    page = reverse("admin:accounts_organization_change", args=[world.organization.pk])

    assert operator.post(page, memberships_form(world)).status_code == 403


def test_a_changed_password_of_a_person_is_on_record_without_the_password(db: None) -> None:
    root, person = client_of(UserFactory(is_superuser=True)), UserFactory()
    page = reverse("admin:auth_user_password_change", args=[person.pk])

    answer = root.post(
        page, {"usable_password": "true", "password1": "a-new-pass-phrase", "password2": "a-new-pass-phrase"}
    )

    entry = AuditLog.objects.get(action="user.password_changed")
    assert answer.status_code == 302
    assert entry.entity_id == str(person.pk)
    assert "a-new-pass-phrase" not in str(entry.after)


def test_a_system_administrator_adds_somebody_who_can_log_in(db: None) -> None:
    root = client_of(UserFactory(is_superuser=True))
    typed = {"email": "New.Person@Example.com", "name": "New", "usable_password": "true"}

    root.post(
        reverse("admin:accounts_user_add"), typed | {"password1": "a-new-pass-phrase", "password2": "a-new-pass-phrase"}
    )

    answer = Client().post("/admin/login/", {"username": "new.person@example.com", "password": "a-new-pass-phrase"})
    assert answer.status_code == 302
    assert AuditLog.objects.filter(action="user.created").count() == 1


def test_an_organizations_time_zone_is_chosen_from_those_that_exist(world: World) -> None:
    owner = member(world.organization, Role.OWNER)
    page = reverse("admin:accounts_organization_change", args=[world.organization.pk])

    answer = owner.post(page, memberships_form(world) | {"timezone": "Middle/Earth"})

    assert "Select a valid choice" in answer.content.decode()


def test_who_is_in_one_organization_reads_its_name_in_no_list(db: None) -> None:
    tag = TagFactory(organization__name="Harbor Inc")
    one, two = (MembershipFactory(organization=tag.organization).user for _ in range(2))
    MembershipFactory(user=two)
    page = reverse("admin:leads_tag_changelist")

    shown = [b"column-organization" in client_of(user).get(page).content for user in (one, two)]

    assert shown == [False, True]
