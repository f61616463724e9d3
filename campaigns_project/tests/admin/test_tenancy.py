"""Another organization's rows are not there: not as pages, not as choices, not as filters, not in searches."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import CampaignTombstone
from campaigns.tests.factories import MembershipFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.addresses import of_row
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.admin.conftest import World, make_world


@pytest.fixture
def owner(world: World) -> Client:
    return member(world.organization, Role.OWNER)


def test_every_page_of_a_strangers_row_is_a_404_by_get_and_by_post(owner: Client, stranger: World) -> None:
    addresses = [address for row in stranger.rows for address in of_row(row)]

    by_get = {address: owner.get(address).status_code for address in addresses}
    by_post = {address: owner.post(address, {"_form_submitted": "on"}).status_code for address in addresses}

    assert {address: status for address, status in by_get.items() if status != 404} == {}
    # A page that takes no POST at all says so to everybody.
    assert {address: status for address, status in by_post.items() if status not in {403, 404, 405}} == {}
    assert len(addresses) > 90


def test_the_same_pages_of_ones_own_rows_are_there(owner: Client, world: World) -> None:
    pages = [reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]) for row in world.rows]

    answers = {page: owner.get(page).status_code for page in pages}

    assert {page: status for page, status in answers.items() if status != 200} == {}


def test_lists_show_ones_own_rows_only(owner: Client, world: World, stranger: World) -> None:
    for row in world.rows:
        page = owner.get(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist"))
        shown = {each.pk for each in page.context["cl"].result_list}
        strangers = {each.pk for each in stranger.rows if type(each) is type(row)}

        assert row.pk in shown, row
        assert shown.isdisjoint(strangers), row


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


def test_forms_and_dialogs_of_ones_rows_offer_nothing_of_a_stranger(
    owner: Client, world: World, stranger: World
) -> None:
    """Lists and forms for new rows are looked at in `tests/tenancy/test_admin_walk.py`, every one of them."""
    for row in stranger.rows:
        for field in ("name", "first_name", "file_name", "subject", "label"):
            if hasattr(row, field) and not isinstance(row, CampaignTombstone):
                type(row).objects.filter(pk=row.pk).update(**{field: "FOREIGN"})

    pages = [address for row in world.rows for address in of_row(row)]
    leaks = [page for page in pages if b"FOREIGN" in _body(owner, page)]

    assert leaks == []


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


def _body(client: Client, page: str) -> bytes:
    answer = client.get(page)
    return b"".join(answer.streaming_content) if answer.streaming else answer.content
