"""Every way a campaign comes into being. Each makes one on a stage and answers it as it is in the database."""

from collections.abc import Callable
from uuid import uuid4

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns import lifecycle
from campaigns.models import Campaign
from campaigns.tests.torture.deletion.stage import Stage, run
from campaigns_project.audit.actors import SYSTEM

Birth = Callable[[Stage], Campaign]
FORM = {"description": "", "timezone": "UTC", "priority": 0, "window_zone": "campaign"}


def by_factory(stage: Stage) -> Campaign:
    return Campaign.objects.create(organization=stage.organization, campaign_id=_slug(), name=stage.name())


def in_bulk(stage: Stage) -> Campaign:
    campaign = Campaign(organization=stage.organization, campaign_id=_slug(), name=stage.name())
    return Campaign.objects.bulk_create([campaign])[0]


def by_duplicating(stage: Stage) -> Campaign:
    return lifecycle.duplicate(campaign=stage.mother, name=stage.name(), actor=SYSTEM, now=timezone.now())


def by_the_api(stage: Stage) -> Campaign:
    answer = stage.api.post("/api/v1/campaigns", {"name": stage.name()})
    assert answer.status_code == 201, answer.content
    return Campaign.objects.get(pk=answer.json()["id"])


def in_the_admin(stage: Stage) -> Campaign:
    before = set(Campaign.objects.filter(organization=stage.organization).values_list("pk", flat=True))
    form = {**FORM, "organization": stage.organization.pk, "name": stage.name()}
    assert stage.browser.post(reverse("admin:campaigns_campaign_add"), form).status_code == 302
    return Campaign.objects.filter(organization=stage.organization).exclude(pk__in=before).get()


def by_insert(stage: Stage) -> Campaign:
    ((pk,),) = run(f"INSERT INTO campaigns ({_columns()}) {_of_mother()} RETURNING id", _slug(), stage.mother.pk)
    return Campaign.objects.get(pk=pk)


def by_upsert(stage: Stage) -> Campaign:
    statement = f"INSERT INTO campaigns ({_columns()}) {_of_mother()} ON CONFLICT DO NOTHING RETURNING id"
    ((pk,),) = run(statement, _slug(), stage.mother.pk)
    return Campaign.objects.get(pk=pk)


def by_copy(stage: Stage) -> Campaign:
    slug = _slug()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY ({_of_mother()}) TO STDOUT", [slug, stage.mother.pk]) as out:
            rows = b"".join(bytes(block) for block in out)
        with cursor.copy(f"COPY campaigns ({_columns()}) FROM STDIN") as into:
            into.write(rows)
    return Campaign.objects.get(campaign_id=slug)


def with_the_next_id(stage: Stage) -> Campaign:
    ((pk,),) = run("SELECT nextval(pg_get_serial_sequence('campaigns', 'id'))")
    return Campaign.objects.create(pk=pk, organization=stage.organization, campaign_id=_slug(), name=stage.name())


def _slug() -> str:
    return f"life-{uuid4().hex}"


def _columns() -> str:
    """All but the id."""
    return ", ".join(field.column for field in Campaign._meta.concrete_fields if not field.primary_key)


def _of_mother() -> str:
    """The mother's row under another campaign ID."""
    return f"SELECT {_columns().replace('campaign_id', '%s', 1)} FROM campaigns WHERE id = %s"


BIRTHS: dict[str, Birth] = {
    birth.__name__: birth
    for birth in (
        by_factory,
        in_bulk,
        by_duplicating,
        by_the_api,
        in_the_admin,
        by_insert,
        by_upsert,
        by_copy,
        with_the_next_id,
    )
}
