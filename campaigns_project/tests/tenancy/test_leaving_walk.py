"""Every address of the admin and the API while a campaign is being deleted: nothing of it is seen or counted.

In the admin by a system administrator, who sees all pages; what an owner sees is looked at in `test_admin_walk.py`.
"""

import hashlib
import itertools
import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client

from campaigns.models import Campaign
from campaigns_project.accounts.models import Membership
from campaigns_project.accounts.tenancy import living
from campaigns_project.references import loose_references
from campaigns_project.tests.admin.conftest import make_installation, make_world
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.tenancy.addresses import METHODS, Address
from campaigns_project.tests.tenancy.answers import text_of
from campaigns_project.tests.tenancy.leaving import (
    MARKER,
    LeavingCampaign,
    going_with_a_campaign,
    may_name_it,
    models_below,
)
from campaigns_project.tests.tenancy.test_admin_walk import (
    OTHER_PLACES,
    admin_addresses,
    is_led_to_its_row,
    model_of,
    paths_to,
    paths_to_rows,
    rows_of_a_draft,
)
from campaigns_project.tests.tenancy.test_api_walk import api_addresses, keys_in, numbers_to_ask_for, without_path
from campaigns_project.tests.tenancy.world import World
from leads.models import Lead, LeadEnrichment, RawLead, StagedLead

pytestmark = pytest.mark.django_db

IMAGE = '"><img src=x onerror=alert(1)>'
APPEND_ONLY = {"auditlog", "campaigntombstone"}
QUESTION = re.compile(rf'[-a-z]+="[^"]*{MARKER}[^"]*"')


@pytest.fixture
def home(world) -> World:
    return world


@pytest.fixture
def leaving(home) -> LeavingCampaign:
    made = LeavingCampaign(home, MARKER)
    made.begin()
    return made


@pytest.fixture
def client(home) -> Client:
    """The owner of the organization, signed in."""
    return browser_of(home[Membership].user)


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_model_that_goes_with_a_campaign_says_how_to_leave_it_out():
    assert set(going_with_a_campaign()) == models_below(Campaign)
    assert all(hasattr(model.objects, "living") for model in going_with_a_campaign())


def test_rows_of_a_campaign_that_is_being_deleted_are_not_living(home, leaving):
    for model, row in leaving.going.items():
        assert not living(model.objects.all()).filter(pk=row.pk).exists(), model
        assert living(model.objects.all()).filter(pk=home[model].pk).exists(), model


def test_pages_of_its_rows_are_not_found(leaving, client):
    odd, asked = [], 0
    labels = {(model._meta.app_label, model._meta.model_name) for model in leaving.going}

    for address in admin_addresses(of_rows=True):
        if tuple(address.route.split("/")[2:4]) not in labels or may_name_it(address):
            continue
        for path in paths_to(address, leaving):
            for method, sent in (("get", {}), ("post", {}), ("post", {"post": "yes", "confirm": "yes", "reason": "x"})):
                answer = getattr(client, method)(path, sent)
                if answer.status_code not in {403, 404, 405} and not is_led_to_its_row(answer, path):
                    odd.append((method, path, answer.status_code))
                asked += 1

    assert odd == []
    assert asked > 60


@pytest.mark.long
def test_every_page_opens_changes_nothing_shows_what_people_typed_as_text_and_nothing_of_it(home, leaving):
    """Lists, forms, and the pages of all that it leaves behind: the lead it wrote to, the sender it used, and so on."""
    superuser = browser_of(system_administrator(leaving))
    rows = [*home.rows.values(), *rows_of_a_draft(make_world()), leaving[Lead], *make_installation()]
    type_into(rows, IMAGE)
    before = fingerprint()
    status, shown = {}, {}

    for address in admin_addresses(of_rows=False) + admin_addresses(of_rows=True):
        for path, query in what_to_ask(address, rows, leaving):
            answer = superuser.get(path, query)
            text = without_question(answer, query)
            assert MARKER not in text or may_name_it(address), (path, query)
            assert "<img src=x" not in text, (path, query)
            assert answer.status_code < 500
            if not query:
                status[path], shown[path] = answer.status_code, text

    assert fingerprint() == before
    assert status.pop("/admin/nothing") == 404
    assert {path: code for path, code in status.items() if code not in {200, 301, 302, 403, 405}} == {}
    assert any("&lt;img src=x" in text for text in shown.values())
    pages = [change_page(row) for row in rows if admin.site.is_registered(type(row))]
    assert {page: status[page] for page in pages if status[page] != 200} == {}
    assert len(pages) > 80


def what_to_ask(address: Address, rows: list[Any], leaving: LeavingCampaign) -> list[tuple[str, dict[str, Any]]]:
    """The paths of an address for `rows`; what is of no row is also searched, and narrowed to what is leaving."""
    if "content_type_id" in address.places or address.route == "/admin/logout/":
        return []
    if address.places and set(address.places) - set(OTHER_PLACES):
        return [(path, {}) for path in paths_to_rows(address, rows)]
    if "app_label" in address.places:
        return [
            (address.filled(app_label=label), {}) for label in {each._meta.app_label for each in admin.site._registry}
        ]
    campaign, lead = leaving[Campaign].pk, leaving[Lead].pk
    queries = [{}, {"q": MARKER}, {"campaign": campaign}, {"campaign__id__exact": campaign}, {"lead": lead}]
    if address.route.endswith("/add/") or address.places:
        queries = [{}]
    elif address.name.endswith("_changelist") and not admin.site._registry[model_of(address)].search_fields:
        queries.remove({"q": MARKER})  # there is nothing to search with
    return [(address.filled(**OTHER_PLACES), query) for query in queries]


def type_into(rows: list[Any], text: str) -> None:
    """`text` stands wherever a person, a file or a mail could have put it."""
    for row in rows:
        for field in ("name", "first_name", "company", "file_name", "subject", "message", "source", "reason"):
            if field in {each.name for each in row._meta.fields} and row._meta.model_name not in APPEND_ONLY:
                column = row._meta.get_field(field)
                if not (column.choices or column.is_relation):
                    type(row).objects.filter(pk=row.pk).update(**{field: text[: column.max_length]})


def fingerprint() -> dict[str, str]:
    """What stands in every table, as one short text each."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT each::text FROM "{table}" each ORDER BY 1')
            found[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


def change_page(row: Any) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def test_the_search_of_the_admin_does_not_find_it(leaving, client):
    answer = client.get("/admin/search/", {"s": MARKER, "extended": "1"})

    assert answer.status_code == 200
    assert "/admin/campaigns/campaign/" not in text_of(answer)


def test_no_method_of_the_api_finds_its_rows(home, leaving):
    client = key_client(organization=home.organization)
    before = leaving.snapshot()
    odd = []

    for address in api_addresses():
        if not address.places or may_name_it(address):
            continue
        models = [address.model_of(place) for place in address.places]
        if not set(models) & set(leaving.going):
            continue
        for values in itertools.product(*[keys_in(leaving[model]) for model in models]):
            path = address.filled(**dict(zip(address.places, values, strict=True)))
            for method in METHODS:
                answer = getattr(client, method)(path)
                if method == "delete" and address.route.endswith("campaigns/<id>"):
                    assert (answer.status_code, answer.json()["code"]) == (409, "deletion_not_confirmed")
                elif answer.status_code not in {404, 405} or MARKER.encode() in without_path(answer, path):
                    odd.append((method, path, answer.status_code))

    assert odd == []
    assert leaving.snapshot() == before


def test_filters_of_the_api_by_its_numbers_find_nothing_of_it(home, leaving):
    client = key_client(organization=home.organization)
    tried = 0

    for address in api_addresses():
        filterset = getattr(getattr(address.callback, "cls", None), "filterset_class", None)
        if filterset is None or "list" not in address.callback.actions.values() or may_name_it(address):
            continue
        path = address.filled(**{place: home[address.model_of(place)].pk for place in address.places})
        for name, number in numbers_to_ask_for(filterset, leaving.going):
            assert MARKER not in text_of(client.get(path, {name: number})), (path, name)
            tried += 1

    assert tried > 30


def test_every_figure_and_list_is_what_it_was_before_the_campaign_was_made(home):
    """With the campaign being deleted, each answer of the API and the first page are as if it had never been there."""
    client, superuser = key_client(organization=home.organization), browser_of(system_administrator(home))
    lead = LeavingCampaign(home, "before", lead=None)[Lead]
    Campaign.objects.exclude(pk=home[Campaign].pk).delete()
    before = answers_of_the_api(client, home), tiles(superuser)

    LeavingCampaign(home, MARKER, lead=lead).begin()

    answers = answers_of_the_api(client, home)
    # What erasing the lead would remove is told as it is: what is being deleted goes with it all the same.
    changed = {path for path, answer in answers.items() if answer != before[0][path]}
    assert all(path.endswith("/erasure") for path in changed), changed
    assert tiles(superuser) == before[1]
    assert len(before[0]) > 25


def test_a_new_campaign_starts_empty_whatever_named_its_number_before(home):
    """A stray row may name a number that was not given out yet; it is not the new campaign's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value + 1 FROM campaigns_id_seq")
        (coming,) = cursor.fetchone()
    for model, reference in loose_references(Campaign):
        model._base_manager.update(**{reference.column: coming})
    assert [model.objects.living().count() for model in (RawLead, StagedLead, LeadEnrichment)] == [0, 0, 0]

    made = key_client(organization=home.organization).post("/api/v1/campaigns", {"name": "New"}).json()

    assert (made["id"], made["total_recipients"]) == (coming, 0)
    assert [model._base_manager.count() for model in (RawLead, StagedLead, LeadEnrichment)] == [0, 0, 0]


def system_administrator(world: World) -> Any:
    user = world[Membership].user
    user.is_superuser = user.is_staff = True
    user.save()
    return user


def answers_of_the_api(client: Any, world: World) -> dict[str, str]:
    """What GET answers at every address, filled with the rows of `world`."""
    found = {}
    for address in api_addresses():
        path = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
        answer = client.get(path)
        if answer.status_code == 200 and not may_name_it(address):
            found[path] = without_clock(text_of(answer))
    return found


def without_clock(text: str) -> str:
    """Times that a page makes up when it is asked are not what is compared."""
    return re.sub(r'"(as_of|now|checked_at|counted_at|generated_at|next_send_at)":"[^"]*"', "", text)


def tiles(client: Any) -> list[tuple[str, str]]:
    context = client.get("/admin/").context
    return [(each.label, each.value) for each in (*context["numbers"].cards, *context["tiles"])]


def without_question(answer: Any, query: dict[str, Any]) -> str:
    """The page without what was typed, which a search box repeats."""
    return QUESTION.sub("", text_of(answer)) if "q" in query else text_of(answer)
