"""Every address of the admin, by the owner of another organization: nothing is seen, nothing is changed."""

import itertools
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model
from django.test import Client

from campaigns.models import Campaign
from campaigns_project.accounts.models import Membership, User
from campaigns_project.tests.tenancy.addresses import Address, all_addresses
from campaigns_project.tests.tenancy.answers import text_of
from campaigns_project.tests.tenancy.world import World, models_of_tenants
from leads.models import Lead

pytestmark = pytest.mark.django_db

# Places that name no row of an organization, with a value for them.
OTHER_PLACES = {"app_label": "campaigns", "url": "nothing"}
NO_SUCH_ROW = 987_654_321
# Whoever asks for a row may be sent to the page of that same row, which then is not found.
REFUSED = {302, 403, 404, 405}


@pytest.fixture
def client(worlds) -> Client:
    """The owner of the second world, signed in."""
    client = Client()
    client.force_login(worlds[1][Membership].user)
    return client


def admin_addresses(*, of_rows: bool) -> list[Address]:
    """Pages of single rows, or all others."""
    admin = [address for address in all_addresses() if address.route.startswith("/admin/")]
    return [address for address in admin if of_rows == bool(set(address.places) - set(OTHER_PLACES))]


def paths_to(address: Address, world: World) -> list[str]:
    """The address of a row of `world`; where one address serves all models, of a row of each."""
    if "content_type_id" in address.places:
        kinds = ContentType.objects.get_for_models(*world.rows)
        return [address.filled(content_type_id=kinds[model].pk, object_id=row.pk) for model, row in world.rows.items()]
    _empty, _admin, app_label, model_name, *_rest = address.route.split("/")
    key = key_of(apps.get_model(app_label, model_name), world)
    return [address.filled(**{place: OTHER_PLACES.get(place, key) for place in address.places})]


def key_of(model: type[Model], world: World) -> Any:
    if model is User:
        return world[Membership].user.pk
    return world[model].pk if model in world.rows else NO_SUCH_ROW


def test_pages_of_rows_of_another_organization_are_refused(worlds, client):
    theirs, _ours = worlds
    before = theirs.snapshot()
    paths = [path for address in admin_addresses(of_rows=True) for path in paths_to(address, theirs)]
    attempts = [("get", {}), ("post", {}), ("post", {"post": "yes", "confirm": "yes", "reason": "x"})]
    odd = []

    for path, (method, sent) in itertools.product(paths, attempts):
        answer = getattr(client, method)(path, sent)
        place = answer.headers.get("Location", path)
        if answer.status_code not in REFUSED or not same_row(place, path) or theirs.marker in text_of(answer):
            odd.append((method, path, answer.status_code, place))

    assert odd == []
    assert theirs.snapshot() == before


def test_lists_and_forms_show_nothing_of_another_organization(worlds, client):
    theirs, _ours = worlds
    campaign, lead = theirs[Campaign].pk, theirs[Lead].pk
    narrowed = [{}, {"campaign": campaign}, {"campaign__id__exact": campaign}, {"lead": lead}]
    shown = 0

    for address in admin_addresses(of_rows=False):
        path = address.filled(**{place: OTHER_PLACES[place] for place in address.places})
        if path == "/admin/logout/":
            continue
        for query in narrowed if not address.route.endswith("/add/") else narrowed[:1]:
            answer = client.get(path, query)
            assert theirs.marker not in text_of(answer), (path, query)
            assert answer.status_code < 500
            shown += answer.status_code == 200

    assert shown > 50


def test_choices_of_forms_offer_nothing_of_another_organization(worlds, client):
    theirs, _ours = worlds
    asked = 0

    for model in models_of_tenants():
        for field in model._meta.fields:
            if not isinstance(field, ForeignKey):
                continue
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
            for term in ("", theirs.marker):
                answer = client.get("/admin/autocomplete/", {**query, "term": term})
                assert answer.status_code in {200, 403, 404}
                assert theirs.marker not in text_of(answer), query
                asked += 1

    assert asked > 40


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


def same_row(place: str, path: str) -> bool:
    """Whether a redirect leads to a page of the very row that was asked for."""
    return place.split("/")[:5] == path.split("/")[:5] or place.startswith("../")


def texts_of(model: type[Model]) -> dict[str, str]:
    """Something plausible for every field that is no key, so that only the keys are wrong."""
    plausible = {"email": "new@acme.example", "slug": "new", "campaign_id": "new", "port": "587", "security": "tls"}
    names = [field.name for field in model._meta.fields if not isinstance(field, ForeignKey)]
    return {name: plausible.get(name, "1") for name in names}
