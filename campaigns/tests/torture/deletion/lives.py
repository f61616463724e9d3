"""Campaigns made and deleted by every path there is, many at once: no id and no campaign ID is ever used twice.

Each life: born in one way, tried to be killed in a way that fails, killed in another that does not, and then kept from
coming back. Between rounds, with nobody else about, the sequence is set back and whole organizations go.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.deletion import erase_some, preview_organization, request_erasure
from campaigns.models import Campaign, CampaignTombstone
from campaigns.tests.factories import CampaignFactory
from campaigns.tests.torture.deletion.births import BIRTHS, by_insert
from campaigns.tests.torture.deletion.deaths import BY_THE_BOOK, DEATHS, SURVIVED
from campaigns.tests.torture.deletion.leftovers import strays
from campaigns.tests.torture.deletion.returns import RETURNS, backed_up, turn_away
from campaigns.tests.torture.deletion.stage import Registry, Stage, run
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM

LANES = 2  # stages that are played at once
FURNISHED = 3  # one campaign of so many has rows of every kind
OF_AN_ORGANIZATION = 5  # campaigns that go with one
TURN = timedelta(seconds=5)  # at an erasure
TRIES = 500  # inserts after the sequence was set back, until it is past the dead


@dataclass(frozen=True)
class Plan:
    """How many campaigns, in how many rounds."""

    campaigns: int = 10_000
    rounds: int = 20
    seed: int = 1
    births: dict = field(default_factory=lambda: BIRTHS)
    deaths: dict = field(default_factory=lambda: DEATHS)


@dataclass
class Figures:
    """What came of it; `violations` are sentences, and there must be none."""

    registry: Registry
    tombstones: int
    seconds: float

    @property
    def violations(self) -> list[str]:
        return self.registry.violations

    def __str__(self) -> str:
        born, died, refused = (
            ", ".join(f"{count} {way}" for way, count in sorted(counter.items()))
            for counter in (self.registry.births, self.registry.deaths, self.registry.refused)
        )
        return "\n".join(
            [
                f"{self.registry.births.total()} campaigns, {self.tombstones} tombstones, {self.seconds:.0f} s",
                f"made: {born}",
                f"deleted: {died}",
                f"kept from coming back {self.registry.refused.total()} times: {refused}",
                *(["VIOLATED:", *self.violations] if self.violations else ["no id and no campaign ID came twice"]),
            ]
        )


def live_and_die(plan: Plan, *, tell: Callable[[str], None] = lambda words: None) -> Figures:
    """Play all of it, then compare the tombstones with the register of births.

    Tombstones of before are nobody's here: other parts of the torture leave theirs in the same database.
    """
    registry = Registry()
    earlier = set(CampaignTombstone.objects.values_list("id", flat=True))
    begun = time.monotonic()
    each = plan.campaigns // plan.rounds // LANES
    for turn in range(plan.rounds):
        with ThreadPoolExecutor(LANES) as pool:
            seeds = [plan.seed * 10_000 + turn * LANES + lane for lane in range(LANES)]
            for done in [pool.submit(_play, plan, registry, seed, each) for seed in seeds]:
                done.result()
        _between_rounds(registry, random.Random(plan.seed + turn))
        tell(f"round {turn + 1}: {registry.births.total()} campaigns")
        if registry.violations:
            break
    _compare(registry, earlier)
    tombstones = CampaignTombstone.objects.count() - len(earlier)
    return Figures(registry, tombstones, time.monotonic() - begun)


def _play(plan: Plan, registry: Registry, seed: int, number: int) -> None:
    """One stage after the other's fashion: `number` lives, then its mother and the organization with her."""
    try:
        stage = Stage(random.Random(seed), registry)
        births, deaths = _shuffled(stage, plan.births, number), _shuffled(stage, plan.deaths, number)
        for birth, death in zip(births, deaths, strict=True):
            _live(stage, plan, birth, death)
        _bury(stage, stage.organization, stage.chance.choice(list(BURIALS)))
    finally:
        connection.close()


def _shuffled(stage: Stage, ways: dict, number: int) -> list[str]:
    """Every way as often as every other, in any order."""
    names = (list(ways) * (number // len(ways) + 1))[:number]
    stage.chance.shuffle(names)
    return names


def _live(stage: Stage, plan: Plan, birth: str, death: str) -> None:
    campaign = plan.births[birth](stage)
    stage.registry.born(campaign, birth)
    if stage.chance.randrange(FURNISHED) == 0:
        stage.furnish(campaign)
    survived = stage.chance.choice(list(SURVIVED))
    SURVIVED[survived](campaign)
    if not Campaign.objects.filter(pk=campaign.pk, campaign_id=campaign.campaign_id).exists():
        stage.registry.violated(f"{survived}: {campaign.pk} is gone")
        return
    corpse = backed_up(campaign)
    plan.deaths[death](stage, Campaign.objects.get(pk=corpse.pk))
    stage.registry.died(death)
    for stray in strays(corpse.pk, loose=death in BY_THE_BOOK):
        stage.registry.violated(f"{death} of {corpse.pk} left {stray}")
    turn_away(stage, corpse, stage.chance.choice(list(RETURNS)))


def _between_rounds(registry: Registry, chance: random.Random) -> None:
    stage = Stage(chance, registry)
    for table in ("campaigns", Organization._meta.db_table):
        _truncate(stage, table)
    _set_the_sequence_back(stage)
    _take_ids_ahead_of_the_sequence(stage)
    _bury(stage, stage.organization, "with the organization, by SQL")


def _truncate(stage: Stage, table: str) -> None:
    """It calls no row trigger, and is refused also where it comes by CASCADE from another table."""
    stage.furnish(stage.mother)
    before = Campaign.objects.count(), stage.mother.steps.count()
    try:
        with transaction.atomic():
            run(f"TRUNCATE {table} CASCADE")
    except DatabaseError as error:
        if "Cannot truncate" not in str(error):
            raise
    campaigns = Campaign.objects.count(), stage.mother.steps.count()
    if before != campaigns:
        stage.registry.violated(f"TRUNCATE {table} CASCADE: {before} campaigns and steps, then {campaigns}")


def _set_the_sequence_back(stage: Stage) -> None:
    """To the first id of all, or of some late ones: every insert is refused until the sequence is past the dead."""
    ((top,),) = run("SELECT last_value FROM campaigns_id_seq")
    back_to = stage.chance.choice([1, max(1, top - 20)])
    run("SELECT setval('campaigns_id_seq', %s, false)", back_to)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                campaign = by_insert(stage)
        except IntegrityError:
            stage.registry.turned_away("with the sequence set back")
        else:
            stage.registry.born(campaign, "after the sequence was set back")
            break
    run("SELECT setval('campaigns_id_seq', greatest(%s, (SELECT last_value FROM campaigns_id_seq)))", top)


def _take_ids_ahead_of_the_sequence(stage: Stage) -> None:
    """One that gets an id by hand which the sequence would give out later; it dies, and the sequence passes over it."""
    ((top,),) = run("SELECT last_value FROM campaigns_id_seq")
    early = CampaignFactory(pk=top + 2, organization=stage.organization, campaign_id=f"early-{top}")
    stage.registry.born(early, "with an id ahead of the sequence")
    if stage.chance.random() < 0.5:
        early.delete()
        stage.registry.died("by_instance")
    for _ in range(3):
        try:
            with transaction.atomic():
                stage.registry.born(by_insert(stage), "by_insert")
        except IntegrityError:
            stage.registry.turned_away("with an id taken ahead of the sequence")


def _bury(stage: Stage, organization: Organization, way: str) -> None:
    """Delete an organization with the campaigns it still has, and some more."""
    for _ in range(OF_AN_ORGANIZATION):
        campaign = CampaignFactory(organization=organization, campaign_id=f"{stage.chance.getrandbits(100):x}")
        stage.registry.born(campaign, "factory")
    living = Campaign.objects.filter(organization=organization).count()
    pk = organization.pk
    BURIALS[way](organization)
    stage.registry.died(way, living)
    if CampaignTombstone.objects.filter(organization_ref=pk).count() < living:
        stage.registry.violated(f"{way}: campaigns of {pk} without a tombstone")


def _by_orm(organization: Organization) -> None:
    Organization.objects.get(pk=organization.pk).delete()


def _by_sql(organization: Organization) -> None:
    run(f"DELETE FROM {Organization._meta.db_table} WHERE id = %s", organization.pk)


def _erased(organization: Organization) -> None:
    impact = preview_organization(organization=organization, now=timezone.now())
    job = request_erasure(
        organization=organization,
        confirm_name=organization.name,
        token=impact.token,
        reason="torture",
        actor=SYSTEM,
        now=timezone.now(),
        by_worker=False,
    )
    while erase_some(job_id=job.pk, now=timezone.now(), budget=TURN):
        pass


BURIALS: dict[str, Callable[[Organization], None]] = {
    "with the organization, by the ORM": _by_orm,
    "with the organization, by SQL": _by_sql,
    "with the organization, erased": _erased,
}


def _compare(registry: Registry, earlier: set[int]) -> None:
    """All are dead, and each has exactly one tombstone, under the id and campaign ID it was born with."""
    if not registry.violations:
        living = set(Campaign.objects.values_list("pk", flat=True)) & set(registry.slugs)
        if living:
            registry.violated(f"still alive: {sorted(living)[:5]}")
    buried = dict(CampaignTombstone.objects.exclude(pk__in=earlier).values_list("id", "campaign_slug"))
    if buried != registry.slugs:
        different = sorted(set(buried.items()) ^ set(registry.slugs.items()))
        registry.violated(f"{len(different)} tombstones are not those of the dead, such as {different[:5]}")
    if registry.deaths.total() != registry.births.total():
        registry.violated(f"{registry.births.total()} were born and {registry.deaths.total()} died")
