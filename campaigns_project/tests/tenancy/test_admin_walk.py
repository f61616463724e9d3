"""Every address of the admin, by an owner: nothing of another organization is seen or changed, and one's own is there.

The same pages show nothing of a campaign of the owner's that is being deleted: see `test_leaving_walk.py`.
"""

import itertools
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model
from django.test import Client

from campaigns.models import Campaign
from campaigns_project.accounts.models import Membership, User
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.admin.conftest import make_world
from campaigns_project.tests.tenancy.addresses import Address, all_addresses
from campaigns_project.tests.tenancy.answers import text_of
from campaigns_project.tests.tenancy.leaving import MARKER, LeavingCampaign, may_name_it
from campaigns_project.tests.tenancy.world import World, models_of_tenants
from leads.models import Lead

pytestmark = pytest.mark.django_db

# Places that name no row of an organization, with a value for them.
OTHER_PLACES = {"app_label": "campaigns", "url": "nothing"}
NO_SUCH_ROW = 987_654_321
REFUSED = {403, 404, 405}  # a page that takes no POST at all says so to everybody


@pytest.fixture
def client(worlds) -> Client:
    """The owner of the second world, signed in."""
    client = Client()
    client.force_login(worlds[1][Membership].user)
    return client


@pytest.fixture
def leaving(worlds) -> LeavingCampaign:
    """A campaign of the second world that is being deleted."""
    made = LeavingCampaign(worlds[1], MARKER)
    made.begin()
    return made


def admin_addresses(*, of_rows: bool) -> list[Address]:
    """Pages of single rows, or all others."""
    admin = [address for address in all_addresses() if address.route.startswith("/admin/")]
    return [address for address in admin if of_rows == bool(set(address.places) - set(OTHER_PLACES))]


def paths_to(address: Address, world: World) -> list[str]:
    """The address of a row of `world`; where one address serves all models, of a row of each."""
    if "content_type_id" in address.places:
        kinds = ContentType.objects.get_for_models(*world.rows)
        return [address.filled(content_type_id=kinds[model].pk, object_id=row.pk) for model, row in world.rows.items()]
    return [path_to(address, key_of(model_of(address), world))]


def paths_to_rows(address: Address, rows: list[Any]) -> list[str]:
    """The address of each of `rows` that it is for."""
    return [path_to(address, row.pk) for row in rows if type(row) is model_of(address)]


def rows_of_a_draft(draft: Any) -> list[Any]:
    """A campaign that was not started, a row of a file with a problem: their pages are others than those of a World."""
    labels = {"campaign", "step", "variant", "recipient", "message", "leadimport", "stagedlead"}
    return [row for row in draft.rows if row._meta.model_name in labels]


def path_to(address: Address, key: Any) -> str:
    return address.filled(**{place: OTHER_PLACES.get(place, key) for place in address.places})


def model_of(address: Address) -> type[Model] | None:
    """Whose row is named in it; None where one address serves all models."""
    _empty, _admin, app_label, model_name, *_rest = address.route.split("/")
    return None if "content_type_id" in address.places else apps.get_model(app_label, model_name)


def key_of(model: type[Model], world: World) -> Any:
    if model is User:
        return world[Membership].user.pk
    return world[model].pk if model in world.rows else NO_SUCH_ROW


def test_pages_of_rows_of_another_organization_are_not_found(worlds, client):
    theirs, _ours = worlds
    before = theirs.snapshot()
    pressed = {"post": "yes", "confirm": "yes", "reason": "x", "_form_submitted": "on"}
    attempts = [("get", {}), ("post", {}), ("post", pressed)]
    odd, asked = [], 0

    for address in admin_addresses(of_rows=True):
        for path, (method, sent) in itertools.product(paths_to(address, theirs), attempts):
            answer = getattr(client, method)(path, sent)
            refused = {404} if method == "get" and model_of(address) in models_of_tenants() else REFUSED
            is_refused = answer.status_code in refused or is_led_to_its_row(answer, path)
            if not is_refused or theirs.marker in text_of(answer):
                odd.append((method, path, answer.status_code, answer.headers.get("Location")))
            asked += 1

    assert odd == []
    assert theirs.snapshot() == before
    assert asked > 1_000


def test_lists_and_forms_show_ones_own_and_nothing_of_another_organization_or_of_a_campaign_being_deleted(
    worlds, leaving, client
):
    theirs, ours = worlds
    campaign, lead = theirs[Campaign].pk, theirs[Lead].pk
    narrowed = [{}, {"campaign": campaign}, {"campaign__id__exact": campaign}, {"lead": lead}]
    listed = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model for model in models_of_tenants()}
    shown = 0

    for address in admin_addresses(of_rows=False):
        path = address.filled(**{place: OTHER_PLACES[place] for place in address.places})
        if path == "/admin/logout/":
            continue
        for query in narrowed if not address.route.endswith("/add/") else narrowed[:1]:
            answer = client.get(path, query)
            assert_shows_neither(answer, theirs, address)
            assert answer.status_code < 500
            shown += answer.status_code == 200
            if path in listed and not query:
                model = listed.pop(path)
                keys = {row.pk for row in answer.context["cl"].result_list}
                assert ours[model].pk in keys
                assert theirs[model].pk not in keys

    assert listed == {}
    assert shown > 50


def test_pages_of_ones_own_rows_open_and_show_nothing_of_another_organization_or_of_a_campaign_being_deleted(
    worlds, leaving, client
):
    theirs, ours = worlds
    draft = make_world()
    owner_of_draft = member(draft.organization, Role.OWNER)
    opened = []

    for address in admin_addresses(of_rows=True):
        if "content_type_id" in address.places:
            continue
        own = [(client, path) for path in paths_to(address, ours)]
        for reader, path in [
            *own,
            *((owner_of_draft, path) for path in paths_to_rows(address, rows_of_a_draft(draft))),
        ]:
            answer = reader.get(path)
            assert_shows_neither(answer, theirs, address)
            if path.endswith("/change/") and model_of(address) in models_of_tenants():
                opened.append((path, answer.status_code))

    assert {path: status for path, status in opened if status != 200} == {}
    assert len(opened) > 50


def assert_shows_neither(answer: Any, theirs: World, address: Address) -> None:
    text = text_of(answer)
    path = answer.request["PATH_INFO"], answer.request["QUERY_STRING"]
    assert theirs.marker not in text, path
    assert MARKER not in text or may_name_it(address), path


def test_choices_of_forms_offer_nothing_of_another_organization_or_of_a_campaign_being_deleted(worlds, leaving, client):
    theirs, _ours = worlds
    asked = 0

    for model in models_of_tenants():
        for field in model._meta.fields:
            if not isinstance(field, ForeignKey):
                continue
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
            for term in ("", theirs.marker, MARKER):
                answer = client.get("/admin/autocomplete/", {**query, "term": term})
                assert answer.status_code in {200, 403, 404}
                assert theirs.marker not in text_of(answer), query
                assert MARKER not in text_of(answer), query
                asked += 1

    assert asked > 60


def test_forms_filled_with_rows_of_another_organization_tie_nothing_together(worlds, client):
    theirs, ours = worlds
    before = theirs.snapshot()
    numbers = {model: model._base_manager.count() for model in models_of_tenants()}

    for model in models_of_tenants():
        # What no form has is set by use cases, whose own tests show whose rows they take.
        keys = [field for field in model._meta.fields if isinstance(field, ForeignKey) and field.editable]
        for owners in itertools.product([theirs, ours], repeat=len(keys)):
            if theirs not in owners:
                continue
            sent = {field.name: key_of(field.related_model, world) for field, world in zip(keys, owners, strict=True)}
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/add/"
            assert client.post(path, {**texts_of(model), **sent}).status_code != 302, (path, sent)

    assert theirs.snapshot() == before
    assert {model: model._base_manager.count() for model in models_of_tenants()} == numbers


def is_led_to_its_row(answer: Any, path: str) -> bool:
    """Whether an address without a page leads to the change page of its row, which then is not found either."""
    return answer.headers.get("Location", "") in {f"{path}change/", "../"}


def texts_of(model: type[Model]) -> dict[str, str]:
    """Something plausible for every field that is no key, so that only the keys are wrong."""
    plausible = {"email": "new@acme.example", "slug": "new", "campaign_id": "new", "port": "587", "security": "tls"}
    names = [field.name for field in model._meta.fields if not isinstance(field, ForeignKey)]
    return {name: plausible.get(name, "1") for name in names}
