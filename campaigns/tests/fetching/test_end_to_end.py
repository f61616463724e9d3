"""A campaign without people, started over REST: Apollo's are fetched, mails reach them; what fails is tried again."""

import contextlib
import threading
from collections import Counter
from datetime import timedelta

import psutil
import pytest

from campaigns.fetching.work import work_on_fetch
from campaigns.tests.factories import NOON, OrganizationFactory
from campaigns_project.tests.integrations import integration, taking_everything
from campaigns_project.tests.processes import PATIENCE, family_of, living, started, wait_until
from leads.models import ProviderPurchase, RawLead

URL = "https://app.apollo.io/#/people?personSeniorities[]=head&personSeniorities[]=c_suite&page=1"


@pytest.fixture
def mail_server():
    with taking_everything() as kept:
        yield kept


@pytest.fixture
def client(live_server, transactional_db):
    organization = OrganizationFactory(slug="acme", postal_address="Street 1, Prague")
    with integration(url=live_server.url, organization=organization) as client:
        yield client


def ok(answer):
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def campaign(client, apollo):
    """Ready but for its people; made over the API, as an integration does."""
    ok(client.post("/provider-accounts", json={"provider": "apollo", "api_key": "master-key"}))
    sender = ok(client.post("/senders", json={"email": "petr@acme.example", "name": "Petr"}))
    made = ok(client.post("/campaigns", json={"name": "Apollo"}))
    path = f"/campaigns/{made['id']}"
    wording = {"subject": "Hello {{ first_name }}", "body_text": "About {{ company }}"}
    ok(client.post(f"{path}/steps", json={"variants": [wording]}))
    ok(client.put(f"{path}/senders", json={"senders": [sender["id"]]}))
    found = ok(client.post(f"{path}/lead-source/preview", json={"url": URL, "count": 6}))
    assert (found["total"], found["about_credits"], found["unmapped"]) == (9, 6, [])
    ok(client.post(f"{path}/lead-source", json={"url": URL, "count": 6}))
    return path


@pytest.fixture
def work(live_server, mail_server, apollo, tmp_path):
    """A worker beside the test, to be entered; it writes to `log`."""
    log = tmp_path / "worker.log"
    surroundings = {"TEST_PUBLIC_URL": live_server.url, "MAILBOX_PORT": str(mail_server.port), "VAR_DIR": str(tmp_path)}
    return started("manage.py", "run_worker", log=log, TEST_APOLLO_API_URL=apollo.url, **surroundings)


def test_a_start_without_people_fetches_them_and_mails_them(client, campaign, mail_server, apollo, work):
    problems = {one["code"]: one for one in ok(client.get(f"{campaign}/preflight"))["problems"]}
    assert "up to 6 leads from Apollo first, for about 6 credits" in problems["fetches_first"]["message"]

    people, apollo.people = apollo.people, []
    assert ok(client.post(f"{campaign}/start", json={}))["status"] == "running"
    assert ok(client.get(f"{campaign}/sending-status"))["gates"][2]["why"] == "fetching_leads"
    with work:
        wait_until(lambda: ok(client.get(campaign))["status"] == "failed", "the first try has failed")
        failed = ok(client.get(campaign))
        assert (failed["status_code"], failed["status_error"]) == ("nobody_found", "no_records")
        assert "resume" in failed["allowed_actions"]

        apollo.people = people
        assert ok(client.post(f"{campaign}/resume", json={}))["status"] == "running"
        wait_until(lambda: ok(client.get(campaign))["status"] == "completed", "all is sent")

    done = ok(client.get(campaign))
    assert (done["url"], done["total_records"], done["emails_sent"], done["status_message"]) == (URL, 6, 6, "")
    assert len({address for address, _ in mail_server.mails}) == len(mail_server.mails) == 6
    assert set(apollo.sold.values()) == {1}


class Midway:
    """Lets Apollo sell a second batch of people, and keep its answer back until the worker that asked is dead."""

    def __init__(self, apollo):
        self.is_reached, self._may_answer = threading.Event(), threading.Event()
        apollo.next_reply("people/bulk_match", lambda reply: reply, self._held_back)

    def _held_back(self, reply):
        self.is_reached.set()
        self._may_answer.wait(PATIENCE)
        return reply

    def kill(self, worker):
        wait_until(self.is_reached.is_set, "a second batch was bought")
        family = family_of(worker)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # the first takes some with it
                member.kill()
        wait_until(lambda: not living(family), "the worker is dead")
        self._may_answer.set()


def test_a_worker_killed_in_the_middle_loses_nobody_and_buys_nobody_twice(client, campaign, apollo, work):
    """Ten people came; for the other two of twelve the worker died between Apollo's sale and the answer."""
    filters = {"person_seniorities": ["head", "c_suite", "manager", "founder", "senior"]}
    ok(client.post(f"{campaign}/lead-source", json={"filters": filters, "count": 12}))
    midway = Midway(apollo)
    ok(client.post(f"{campaign}/start", json={}))
    with work as worker:
        midway.kill(worker)
    # What a dead worker had claimed is free again after minutes; here somebody else takes it up as soon as it is free.
    job = ok(client.get(f"{campaign}/jobs?kind=fetch"))["results"][0]["id"]

    def has_ended():
        work_on_fetch(job_id=job, now=NOON, budget=timedelta(minutes=1))
        return ok(client.get(f"/jobs/{job}"))["finished_at"]

    wait_until(has_ended, "the fetch goes on and ends")

    ended = ok(client.get(f"/jobs/{job}"))
    assert (ended["status"], ended["error_message"]) == ("succeeded", "")
    assert sorted(apollo.sold.values()) == [1] * 12
    assert RawLead.objects.count() == ok(client.get(campaign))["total_records"] == 12
    statuses = Counter(ProviderPurchase.objects.values_list("status", flat=True))
    assert statuses == {"found": 10, "unclear": 2}
    assert ok(client.get(campaign))["total_recipients"] == 10
