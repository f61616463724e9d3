"""Every way a campaign goes, and the ways in which it seems to and stays."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.deletion import delete_some, preview, request_deletion
from campaigns.models import Campaign, CampaignTombstone, Job
from campaigns.tests.factories import NOON, LeadImportFactory
from campaigns.tests.torture.deletion.stage import Stage, run
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.admin.browsers import press

Death = Callable[[Stage, Campaign], object]
REASON = "torture"
MANY_ROWS = 6_000  # more than are deleted in one go
PATIENCE = 30.0  # seconds for another session to be seen waiting


class Undone(Exception):
    """Ends a transaction that is to be rolled back."""


def by_instance(stage: Stage, campaign: Campaign) -> object:
    return campaign.delete()


def by_queryset(stage: Stage, campaign: Campaign) -> object:
    return Campaign.objects.filter(pk=campaign.pk).delete()


def by_raw_delete(stage: Stage, campaign: Campaign) -> object:
    return run("DELETE FROM campaigns WHERE id = %s", campaign.pk)


def by_raw_delete_of_the_slug(stage: Stage, campaign: Campaign) -> object:
    return run("DELETE FROM campaigns WHERE campaign_id = %s", campaign.campaign_id)


def by_raw_delete_in_a_query(stage: Stage, campaign: Campaign) -> object:
    return run("WITH gone AS (DELETE FROM campaigns WHERE id = %s RETURNING id) SELECT * FROM gone", campaign.pk)


def by_merge(stage: Stage, campaign: Campaign) -> object:
    return run(
        "MERGE INTO campaigns USING (SELECT %s::bigint AS id) doomed ON campaigns.id = doomed.id"
        " WHEN MATCHED THEN DELETE",
        campaign.pk,
    )


def by_use_case(stage: Stage, campaign: Campaign) -> object:
    """All in one go, with counts that the tombstone repeats."""
    impact = preview(campaign=campaign, now=timezone.now())
    job = request_deletion(
        campaign=campaign,
        confirm_name=campaign.name,
        token=impact.token,
        reason=REASON,
        actor=SYSTEM,
        now=timezone.now(),
        by_worker=False,
    )
    while delete_some(job_id=job.pk, now=timezone.now(), budget=timedelta(seconds=1)):
        pass
    status, counts = Job.objects.get(pk=job.pk).status, CampaignTombstone.objects.get(pk=campaign.pk).counts
    if status != "succeeded" or Counter(counts) != Counter(impact.removed):
        stage.registry.violated(f"job {job.pk}: {status}, {counts} and not {impact.removed}")
    return job


def by_use_case_in_batches(stage: Stage, campaign: Campaign) -> object:
    run(
        "INSERT INTO raw_leads (lead_import_id, campaign_id, row_number, payload)"
        " SELECT %s, %s, n, '{}' FROM generate_series(1, %s) n",
        LeadImportFactory(organization=stage.organization, status="succeeded", finished_at=NOON).pk,
        campaign.pk,
        MANY_ROWS,
    )
    return by_use_case(stage, campaign)


def by_command(stage: Stage, campaign: Campaign) -> object:
    words = ["delete_campaign", str(campaign.pk), "--confirm", campaign.name, "--reason", REASON, "--json"]
    return call_command(*words, stdout=StringIO(), stderr=StringIO())


def by_api(stage: Stage, campaign: Campaign) -> object:
    address = f"/api/v1/campaigns/{campaign.pk}/deletion"
    answer = stage.api.post(address, _confirmed(campaign))
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    return answer


def by_api_delete(stage: Stage, campaign: Campaign) -> object:
    answer = stage.api.delete(f"/api/v1/campaigns/{campaign.pk}", query_params=_confirmed(campaign))
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    return answer


def on_its_page(stage: Stage, campaign: Campaign) -> object:
    answer = stage.browser.post(reverse("admin:campaigns_campaign_delete", args=[campaign.pk]), _confirmed(campaign))
    assert answer.status_code == 302
    return answer


def in_a_dialog(stage: Stage, campaign: Campaign) -> object:
    answer = press(stage.browser, reverse("admin:campaigns_campaign_delete_draft", args=[campaign.pk]))
    assert answer["HX-Redirect"]
    return answer


def _confirmed(campaign: Campaign) -> dict[str, str]:
    impact = preview(campaign=campaign, now=timezone.now())
    return {"confirm_name": campaign.name, "reason": REASON, "token": impact.token}


def raced_by_an_insert(stage: Stage, campaign: Campaign) -> object:
    """Another session waits for the campaign ID to be free; when it is, it is refused."""
    outcome: list[str] = []
    session: list[int] = []

    def insert() -> None:
        try:
            session.append(connection.cursor().connection.info.backend_pid)
            Campaign.objects.create(organization=stage.organization, campaign_id=campaign.campaign_id, name="racer")
        except IntegrityError as error:
            outcome.append(str(error))
        finally:
            connection.close()

    racer = threading.Thread(target=insert)
    with transaction.atomic():
        run("DELETE FROM campaigns WHERE id = %s", campaign.pk)
        racer.start()
        _until_waiting(racer, session)
    racer.join()
    if not outcome or "never used again" not in outcome[0]:
        stage.registry.violated(f"{campaign.campaign_id!r} was taken by one who waited for it: {outcome}")
    return outcome


def _until_waiting(racer: threading.Thread, session: list[int]) -> None:
    ends = time.monotonic() + PATIENCE
    while racer.is_alive() and time.monotonic() < ends:
        if session and run("SELECT pg_blocking_pids(%s)", session[0])[0][0]:
            return
        time.sleep(0.001)
    raise AssertionError("the insert did not wait for the deletion")


def rolled_back(campaign: Campaign) -> None:
    """A deletion that was taken back leaves the campaign alive."""
    try:
        with transaction.atomic():
            campaign_again = Campaign.objects.get(pk=campaign.pk)
            campaign_again.delete()
            raise Undone
    except Undone:
        return


def rolled_back_to_a_savepoint(campaign: Campaign) -> None:
    with transaction.atomic():
        try:
            with transaction.atomic():
                run("DELETE FROM campaigns WHERE id = %s", campaign.pk)
                raise Undone
        except Undone:
            run("UPDATE campaigns SET description = 'survived' WHERE id = %s", campaign.pk)


DEATHS: dict[str, Death] = {
    death.__name__: death
    for death in (
        by_instance,
        by_queryset,
        by_raw_delete,
        by_raw_delete_of_the_slug,
        by_raw_delete_in_a_query,
        by_merge,
        by_use_case,
        by_use_case_in_batches,
        by_command,
        by_api,
        by_api_delete,
        on_its_page,
        in_a_dialog,
        raced_by_an_insert,
    )
}
# These leave nothing at all; the others leave what has no foreign key to `cleanup_orphans`.
BY_THE_BOOK = frozenset(
    {
        "by_use_case",
        "by_use_case_in_batches",
        "by_command",
        "by_api",
        "by_api_delete",
        "on_its_page",
        "in_a_dialog",
    }
)
SURVIVED: dict[str, Callable[[Campaign], None]] = {
    act.__name__: act for act in (rolled_back, rolled_back_to_a_savepoint)
}
