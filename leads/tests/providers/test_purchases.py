"""The journal: nobody is bought twice, whatever dies on the way."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.tests.factories import LeadImportFactory, ProviderAccountFactory, ProviderPurchaseFactory
from leads.models import ProviderPurchase
from leads.providers.errors import ProviderLimited, ProviderUnreachable
from leads.providers.purchases import STALE_AFTER, PurchaseJournal, spent_on, unclear_purchases
from leads.providers.registry import provider_of
from leads.providers.values import Bought
from leads.tests.providers.conftest import all_pages, source_of
from leads.tests.providers.fake_apollo import Reply

BUY = "people/bulk_match"


def problems(pages):
    return {record.external_id: record.problem for page in pages for record in page.records}


def test_a_lost_answer_is_unclear_and_is_not_bought_again(apollo, provider):
    apollo.next_reply(BUY, Reply(200, None, is_dropped=True))
    with pytest.raises(ProviderUnreachable):
        provider.fetch(source_of(), None)

    told = problems(all_pages(provider, source_of()))

    assert list(told.values()).count("purchase_unclear") == 10
    assert set(apollo.sold.values()) == {1}


def test_a_fault_while_buying_is_unclear_too(apollo, provider):
    apollo.next_reply(BUY, Reply(502, "Bad gateway"))

    with pytest.raises(ProviderUnreachable):
        provider.fetch(source_of(), None)

    assert set(ProviderPurchase.objects.values_list("status", flat=True)) == {"unclear"}


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_a_refusal_leaves_nobody_noted(apollo, provider, status):
    apollo.next_reply(BUY, *[Reply(status, {"error": "no"}, {"retry-after": "600"})])

    with pytest.raises(Exception, match="Apollo"):
        provider.fetch(source_of(), None)

    assert not ProviderPurchase.objects.exists()


def test_what_another_fetch_is_asking_for_now_is_waited_for(apollo, account, provider):
    other = LeadImportFactory(organization=account.organization)
    asked = ProviderPurchaseFactory(
        organization=account.organization, external_id=apollo.people[0].id, lead_import=other
    )

    with pytest.raises(ProviderLimited) as limited:
        provider.fetch(source_of(), None)

    asked.refresh_from_db()
    assert (asked.status, apollo.sold) == ("asked", {})
    assert limited.value.retry_at == asked.asked_at + STALE_AFTER


def test_what_another_fetch_asked_for_long_ago_is_unclear(apollo, account, provider):
    asked = ProviderPurchaseFactory(
        organization=account.organization,
        external_id=apollo.people[0].id,
        asked_at=timezone.now() - STALE_AFTER - timedelta(seconds=1),
    )

    told = problems(all_pages(provider, source_of()))

    asked.refresh_from_db()
    assert (asked.status, told[asked.external_id]) == ("unclear", "purchase_unclear")
    assert asked.external_id not in apollo.sold


def test_an_answer_that_comes_after_it_was_given_up_is_believed(account, of_import):
    journal = PurchaseJournal(account, lead_import=of_import, credit_limit=None)
    journal.ask(["a"])
    PurchaseJournal(account, lead_import=of_import, credit_limit=None).known(["a"])

    journal.answer({"a": Bought("found", {"email": "ada@example.com"})})

    assert journal.known(["a"]) == {"a": Bought("found", {"email": "ada@example.com"})}


def test_two_fetches_never_ask_for_one_person_at_once(account, of_import):
    first = PurchaseJournal(account, lead_import=of_import, credit_limit=None)
    second = PurchaseJournal(account, lead_import=LeadImportFactory(), credit_limit=5)
    first.ask(["a", "b"])
    assert second.left() == 5

    with pytest.raises(ProviderLimited):
        second.ask(["b", "c"])

    assert list(ProviderPurchase.objects.order_by("external_id").values_list("external_id", flat=True)) == ["a", "b"]
    assert second.left() == 5


def test_nobody_takes_back_what_another_fetch_is_asking_for(account, of_import):
    PurchaseJournal(account, lead_import=of_import, credit_limit=None).ask(["a"])

    PurchaseJournal(account, lead_import=LeadImportFactory(), credit_limit=None).take_back(["a"])

    assert ProviderPurchase.objects.get().status == "asked"


def test_what_is_erased_is_not_bought_again(apollo, account, provider):
    ProviderPurchaseFactory(organization=account.organization, external_id=apollo.people[0].id, status="erased")

    told = problems(all_pages(provider, source_of()))

    assert told[apollo.people[0].id] == "erased_person"
    assert apollo.people[0].id not in apollo.sold


def test_the_limit_counts_down_while_buying(account, of_import):
    journal = PurchaseJournal(account, lead_import=of_import, credit_limit=10)
    assert journal.left() == 10

    journal.ask(["a", "b", "c"])
    assert journal.left() == 7
    journal.answer({"a": Bought("found", {}, 1), "b": Bought("missing", None, 0)})
    assert journal.left() == 8
    journal.take_back(["c"])
    assert journal.left() == 9

    assert spent_on(of_import) == 1


def test_unclear_are_those_without_an_answer_and_not_those_asked_right_now(account):
    home = account.organization
    old = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    ProviderPurchaseFactory(organization=home, external_id="lost", status="unclear")
    ProviderPurchaseFactory(organization=home, external_id="died", asked_at=old)
    ProviderPurchaseFactory(organization=home, external_id="now")
    ProviderPurchaseFactory(organization=home, external_id="found", status="found")
    ProviderPurchaseFactory(external_id="theirs", status="unclear")

    found = unclear_purchases(account, now=timezone.now())

    assert set(found.values_list("external_id", flat=True)) == {"lost", "died"}


KILLED = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "campaigns_project.settings.test"
django.setup()
from django.conf import settings
from django.db import connection
settings.APOLLO_API_URL = sys.argv[1]
connection.settings_dict.update(NAME=sys.argv[2])
from leads.models import LeadImport, ProviderAccount
from leads.providers.registry import provider_of
from leads.tests.providers.conftest import source_of
account, of_import = ProviderAccount.objects.get(), LeadImport.objects.get()
provider_of(account, lead_import=of_import).fetch(source_of(), None)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_buying_leaves_nobody_to_be_bought_twice(apollo):
    account = ProviderAccountFactory(api_key="master-key")
    of_import = LeadImportFactory(organization=account.organization)

    def hang(usual: Reply) -> Reply:
        os.kill(process.pid, signal.SIGKILL)
        return usual

    apollo.next_reply(BUY, lambda usual: usual, hang)
    name = connection.settings_dict["NAME"]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, apollo.url, name],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.wait(timeout=50) == -signal.SIGKILL
    assert sorted(ProviderPurchase.objects.values_list("status", flat=True)) == ["asked"] * 10 + ["found"] * 10

    pages = all_pages(provider_of(account, lead_import=of_import), source_of())

    assert set(apollo.sold.values()) == {1}
    told = list(problems(pages).values())
    assert (told.count(None), told.count("purchase_unclear")) == (15, 10)
