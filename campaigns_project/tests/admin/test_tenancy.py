"""Another organization's rows are not there: not as choices, not as filters, not in searches.

Lists, forms and the pages of rows are looked at in `tests/tenancy/test_admin_walk.py`, every one of them.
"""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import MembershipFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.admin.conftest import World, make_world


@pytest.fixture
def owner(world: World) -> Client:
    return member(world.organization, Role.OWNER)


@pytest.mark.parametrize(
    ("page", "parameter", "row"),
    [
        ("campaigns_recipient", "campaign", "campaign"),
        ("campaigns_message", "campaign", "campaign"),
        ("campaigns_job", "campaign", "campaign"),
        ("campaigns_link", "campaign", "campaign"),
        ("tracking_emailevent", "campaign", "campaign"),
        ("leads_lead", "tag", "tag"),
        ("leads_stagedlead", "import", "lead_import"),
    ],
)
def test_a_list_narrowed_to_a_strangers_row_is_a_404(
    owner: Client, stranger: World, page: str, parameter: str, row: str
) -> None:
    foreign = {
        "campaign": stranger.campaign,
        "tag": next(each for each in stranger.rows if each._meta.model_name == "tag"),
        "lead_import": next(each for each in stranger.rows if each._meta.model_name == "leadimport"),
    }[row]

    answer = owner.get(reverse(f"admin:{page}_changelist"), {parameter: foreign.pk})

    assert answer.status_code == 404


def test_a_strangers_row_in_a_form_is_refused(owner: Client, world: World, stranger: World) -> None:
    answer = owner.post(
        reverse("admin:leads_lead_add"), {"organization": stranger.organization.pk, "email": "new@example.com"}
    )

    assert "Select a valid choice" in answer.content.decode()


def test_rows_of_two_organizations_are_never_tied_together(stranger: World, world: World) -> None:
    both = member(world.organization, Role.OWNER)
    MembershipFactory(user_id=both.session["_auth_user_id"], organization=stranger.organization, role=Role.OWNER)
    address = reverse("admin:campaigns_campaign_choose_senders", args=[world.campaign.pk])

    answer = both.post(address, {"senders": [stranger.sender.pk], "_form_submitted": "on"})

    assert "Select a valid choice" in answer.content.decode()
    assert list(world.campaign.campaign_senders.values_list("sender", flat=True)) == [world.sender.pk]


def test_autocomplete_finds_ones_own_rows_only(owner: Client, world: World, stranger: World) -> None:
    asked = {"app_label": "campaigns", "model_name": "recipient", "field_name": "lead", "term": "lead"}

    found = owner.get(reverse("admin:autocomplete"), asked).json()["results"]

    assert [each["id"] for each in found] == [str(world.lead.pk)]


def test_the_search_of_the_shell_finds_nothing_of_a_stranger(owner: Client, world: World, stranger: World) -> None:
    found = owner.get(reverse("admin:search"), {"s": stranger.campaign.name}).content.decode()

    assert stranger.campaign.name not in found


def test_the_front_page_counts_ones_own_rows_only(owner: Client, world: World, stranger: World) -> None:
    make_world()

    tiles = {tile.label: tile.value for tile in owner.get(reverse("admin:index")).context["tiles"]}

    assert (tiles["Leads"], tiles["Suppressed"]) == ("1", "1")
