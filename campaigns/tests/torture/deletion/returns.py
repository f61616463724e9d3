"""Every way a dead campaign, its id or its campaign ID might come back. All of them must be refused."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction

from campaigns.models import Campaign
from campaigns.tests.torture.deletion.births import by_insert
from campaigns.tests.torture.deletion.stage import Stage, run

Return = Callable[[Stage, "Corpse"], object]


@dataclass(frozen=True)
class Corpse:
    """What is left in a backup: the key, the campaign ID and the whole row as COPY wrote it."""

    pk: int
    slug: str
    row: bytes


def backed_up(campaign: Campaign) -> Corpse:
    """Take a copy of the row while it lives."""
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY (SELECT * FROM campaigns WHERE id = %s) TO STDOUT", [campaign.pk]) as out,
    ):
        return Corpse(campaign.pk, campaign.campaign_id, b"".join(bytes(block) for block in out))


def turn_away(stage: Stage, corpse: Corpse, way: str) -> None:
    """Try this way back; one that is open is a violation."""
    try:
        with transaction.atomic():
            RETURNS[way](stage, corpse)
    except IntegrityError as error:
        if "never used again" not in str(error):
            stage.registry.violated(f"{way}: refused for another reason: {error}")
        stage.registry.turned_away(way)
    else:
        stage.registry.violated(f"{way}: {corpse.pk} {corpse.slug!r} came back")


def with_its_id(stage: Stage, corpse: Corpse) -> object:
    slug = f"again-{corpse.slug}"[:100]
    return Campaign.objects.create(pk=corpse.pk, organization=stage.organization, campaign_id=slug, name="again")


def with_its_slug(stage: Stage, corpse: Corpse) -> object:
    return Campaign.objects.create(organization=stage.organization, campaign_id=corpse.slug, name="again")


def in_bulk(stage: Stage, corpse: Corpse) -> object:
    campaign = Campaign(organization=stage.organization, campaign_id=corpse.slug, name="again")
    return Campaign.objects.bulk_create([campaign], ignore_conflicts=True)


def by_upsert_on_a_living_one(stage: Stage, corpse: Corpse) -> object:
    columns = ", ".join(field.column for field in Campaign._meta.concrete_fields)
    return run(
        f"INSERT INTO campaigns ({columns}) SELECT {columns} FROM campaigns WHERE id = %s"
        " ON CONFLICT (id) DO UPDATE SET campaign_id = %s",
        stage.mother.pk,
        corpse.slug,
    )


def by_renaming(stage: Stage, corpse: Corpse) -> object:
    return Campaign.objects.filter(pk=stage.mother.pk).update(campaign_id=corpse.slug)


def by_renumbering(stage: Stage, corpse: Corpse) -> object:
    # One without rows of its own: those would refuse it by their foreign keys.
    bare = by_insert(stage)
    return run("UPDATE campaigns SET id = %s WHERE id = %s", corpse.pk, bare.pk)


def from_a_backup(stage: Stage, corpse: Corpse) -> object:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy("COPY campaigns FROM STDIN") as into,
    ):
        into.write(corpse.row)
    return None


def by_merge(stage: Stage, corpse: Corpse) -> object:
    columns = [field.column for field in Campaign._meta.concrete_fields if not field.primary_key]
    return run(
        f"MERGE INTO campaigns USING (SELECT * FROM campaigns WHERE id = %s) mother ON campaigns.campaign_id = %s"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(columns)})"
        f" VALUES ({', '.join('%s' if column == 'campaign_id' else f'mother.{column}' for column in columns)})",
        stage.mother.pk,
        corpse.slug,
        corpse.slug,
    )


RETURNS: dict[str, Return] = {
    back.__name__: back
    for back in (
        with_its_id,
        with_its_slug,
        in_bulk,
        by_upsert_on_a_living_one,
        by_renaming,
        by_renumbering,
        from_a_backup,
        by_merge,
    )
}
