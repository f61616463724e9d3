"""The whole system once, as an integration uses it: REST in, a real worker, real SMTP, real clicks, numbers out."""

import io
import re

import httpx
import pytest

from campaigns.ledger import ledger
from campaigns.models import Campaign
from campaigns.tests.factories import OrganizationFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.integrations import integration, taking_everything
from campaigns_project.tests.processes import started, wait_until
from leads.models import Suppression

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
CSV = (
    "E-mail,Vorname,Nachname,Firma\n"
    + "".join(f"person{number}@ziel.example,Jürgen {number},Größmann,Weiß & Söhne\n" for number in range(12))
    + "kaputt,Niemand,,\n"
)


@pytest.fixture
def mail_server():
    with taking_everything() as kept:
        yield kept


@pytest.fixture
def client(live_server, transactional_db):
    """An integration with a key of its own."""
    organization = OrganizationFactory(slug="acme")
    with integration(url=live_server.url, organization=organization) as client:
        yield client


def post(client, path, *, status=201, **sent):
    answer = client.post(path, **sent)
    assert answer.status_code == status, answer.text
    return answer.json()


def html_of(message):
    return message.get_body(("html",)).get_content()


def leads_from_a_file(client, log):
    """Leads in, by a background import."""
    file = {"file": ("leute.csv", io.BytesIO(CSV.encode("cp1252")), "text/csv")}
    address = f"/imports/{post(client, '/imports', files=file, data={'tags': 'messe'}, status=202)['id']}"
    wait_until(lambda: client.get(address).json()["status"] == "succeeded", "the import is done", log)
    done = client.get(address).json()
    assert (done["created_count"], done["problem_count"]) == (12, 1)


def campaign_of_two_steps(client):
    """Ready to start; its path."""
    sender = post(client, "/senders", json={"email": "petr@acme.example", "name": "Petr Svoboda"})
    campaign = f"/campaigns/{post(client, '/campaigns', json={'name': 'Messe'})['id']}"
    link = '<a href="https://acme.example/demo?a=1&amp;b=2">Demo</a>'
    first = {"subject": "Hallo {{ first_name }}", "body_html": f"<p>Für {{{{ company }}}}: {link}</p>"}
    second = {"subject": "Noch einmal", "body_text": "Kurz: https://acme.example"}
    post(client, f"{campaign}/steps", json={"variants": [first]})
    post(client, f"{campaign}/steps", json={"wait_amount": 0, "wait_unit": "minutes", "variants": [second]})
    assert client.put(f"{campaign}/senders", json={"senders": [sender["id"]]}).is_success
    assert post(client, f"{campaign}/recipients", json={"tag": "messe"}, status=200)["enrolled"] == 12
    return campaign


def first_mails(mails):
    """Those of the first step, by address; each of two went to everybody, once."""
    firsts = {to: message for to, message in mails if message["Subject"].startswith("Hallo")}
    assert len(mails) == 24
    assert len({message["Message-ID"] for _to, message in mails}) == 24
    assert sorted(firsts) == sorted(f"person{number}@ziel.example" for number in range(12))
    return firsts


def one_opens_one_clicks_one_leaves(firsts):
    """The last by the button of their mail program."""
    pixel = re.search(r'src="([^"]+/open)"', html_of(firsts["person1@ziel.example"]))[1]
    assert httpx.get(pixel, headers=BROWSER).headers["Content-Type"] == "image/gif"
    target = re.search(r'href="([^"]+/click)"', html_of(firsts["person2@ziel.example"]))[1]
    assert httpx.get(target, headers=BROWSER).headers["Location"] == "https://acme.example/demo?a=1&b=2"
    way_out = firsts["person4@ziel.example"]["List-Unsubscribe"].strip("<>")
    assert httpx.post(way_out, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_from_a_file_to_counted_clicks_over_the_api(client, live_server, mail_server, tmp_path):
    log = tmp_path / "worker.log"
    surroundings = {"TEST_PUBLIC_URL": live_server.url, "MAILBOX_PORT": str(mail_server.port), "VAR_DIR": str(tmp_path)}
    with started("manage.py", "run_worker", log=log, **surroundings):
        leads_from_a_file(client, log)
        campaign = campaign_of_two_steps(client)

        assert post(client, f"{campaign}/start", json={}, status=200)["status"] == "running"
        wait_until(lambda: client.get(campaign).json()["status"] == "completed", "all is sent", log)
        firsts = first_mails(mail_server.mails)
        one_opens_one_clicks_one_leaves(firsts)

        # Counted within seconds; a click is an open too.
        counted = {"emails_sent": 24, "emails_opened": 2, "emails_clicked": 1, "opted_out_count": 1}
        wait_until(lambda: counted.items() <= client.get(campaign).json().items(), "all is counted", log)
        events = client.get(f"{campaign}/events").json()["results"]
        assert client.get(f"{campaign}/analytics").status_code == 200

    assert firsts["person3@ziel.example"]["Subject"] == "Hallo Jürgen 3"
    assert "Weiß &amp; Söhne" in html_of(firsts["person3@ziel.example"])
    assert sorted(event["event_type"] for event in events) == ["click", "open", "unsubscribe"]
    assert ledger(Campaign.objects.get()).as_dict() == {
        "planned": 24, "waiting": 0, "in_flight": 0, "sent": 24, "failed": 0, "skipped": 0, "uncertain": 0,
    }  # fmt: skip
    assert Suppression.objects.get().address == "person4@ziel.example"
    assert {"campaign.created", "campaign.enrolled", "campaign.started", "campaign.completed"} <= set(
        AuditLog.objects.values_list("action", flat=True)
    )
