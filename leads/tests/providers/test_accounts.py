"""Keys of lead providers: tested, changed, taken away; whoever's answer got lost, asked for again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import MembershipFactory, ProviderAccountFactory, ProviderPurchaseFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused, StateRefused
from campaigns_project.runtime.health.providers import examine_providers
from campaigns_project.tests.admin.browsers import client_of, press
from campaigns_project.tests.rest.clients import key_client
from leads.models import ProviderAccount, ProviderPurchase
from leads.providers.accounts import ask_again, check_account, check_key
from leads.providers.errors import KeyRefused
from leads.providers.registry import provider_of
from leads.tests.providers.conftest import all_pages, source_of
from leads.tests.providers.fake_apollo import Reply

pytestmark = pytest.mark.django_db


def check(account):
    return check_account(account=account, actor=SYSTEM)


def test_a_good_key_is_taken(apollo, account):
    assert check(account) is None
    assert (account.last_error, account.checked_at is not None) == ("", True)


def test_a_wrong_key_is_refused_and_that_is_kept(apollo):
    account = ProviderAccountFactory(api_key="wr0ng-key")

    refused = check(account)

    assert refused.code == "provider_key_refused"
    assert "Invalid API key" in account.last_error


def test_a_key_that_cannot_be_decrypted_is_said_to_be_so_and_apollo_is_not_asked(apollo, account, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    account.refresh_from_db()

    refused = check(account)

    assert (type(refused), refused.code) == (KeyRefused, "secret_unreadable")
    assert (apollo.calls, account.last_error) == ([], "")
    form = client_of(MembershipFactory(organization=account.organization, role=Role.MANAGER).user)
    page = reverse("admin:leads_provideraccount_change", args=[account.pk])
    assert "cannot be decrypted" in form.get(page).content.decode()


def test_a_key_that_may_not_ask_for_the_profile_is_asked_the_older_way(apollo, account):
    apollo.keys["master-key"] = {"auth/health"}

    assert check(account) is None


def test_a_key_that_apollo_does_not_know_by_the_older_way_is_refused(apollo, account):
    apollo.next_reply("users/api_profile", Reply(404, {"error": "Not found"}))
    apollo.next_reply("auth/health", Reply(200, {"is_logged_in": False}))

    assert check(account).code == "provider_key_refused"


def test_a_provider_that_does_not_answer_says_nothing_against_the_key(db):
    account = ProviderAccountFactory()

    refused = check(account)

    assert refused.code == "provider_unreachable"
    assert account.last_error == ""


def test_a_key_refused_while_working_is_noted_with_the_time_it_began(apollo, account):
    apollo.keys.clear()
    for _ in range(2):
        with pytest.raises(KeyRefused):
            provider_of(account).preview(source_of())
        since = ProviderAccount.objects.get().checked_at

    account.refresh_from_db()
    assert "Invalid API key" in account.last_error
    assert account.checked_at == since


def test_a_key_that_works_again_is_noted(apollo, account):
    ProviderAccount.objects.update(last_error="no", checked_at=timezone.now())

    provider_of(account).preview(source_of())

    assert ProviderAccount.objects.get().last_error == ""


def test_doctor_tells_when_a_key_was_refused(account):
    assert [check.level for check in examine_providers()] == ["ok"]
    at = timezone.now() - timedelta(hours=2)
    ProviderAccount.objects.update(last_error="Apollo refuses the key: Invalid API key.", checked_at=at)

    told = list(examine_providers())

    assert [check.level for check in told] == ["warn"]
    assert "refused 2 h ago: Apollo refuses the key" in told[0].message


@pytest.mark.parametrize("key", ["", " ", "a b", "a\nb", "ключ", "k" * 501])
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(Refused) as refused:
        check_key(key)

    assert (refused.value.code, refused.value.details) == ("bad_api_key", {"field": "api_key"})


def test_blanks_around_a_key_are_dropped():
    assert check_key(" key\n") == "key"


def test_lost_people_are_bought_by_the_next_fetch_once_somebody_says_so(apollo, account, provider):
    apollo.next_reply("people/bulk_match", Reply(500, ""))
    with pytest.raises(Refused):
        provider.fetch(source_of(), None)

    assert ask_again(account=account, actor=SYSTEM, now=timezone.now()) == 10

    pages = all_pages(provider, source_of())
    assert {record.problem for page in pages for record in page.records} == {None}
    assert AuditLog.objects.get(action="provideraccount.asks_again").after == {"people": 10}


def test_asking_again_where_nothing_got_lost_is_refused(account):
    ProviderPurchaseFactory(organization=account.organization, status="found")

    with pytest.raises(StateRefused) as refused:
        ask_again(account=account, actor=SYSTEM, now=timezone.now())

    assert refused.value.code == "nothing_unclear"
    assert ProviderPurchase.objects.count() == 1


def test_the_key_is_in_no_answer_page_or_entry(account):
    account.api_key = "s3cret-apollo-key"
    account.save()
    home = account.organization
    api = key_client(Role.MANAGER, home)
    browser = client_of(MembershipFactory(organization=home, role=Role.OWNER).user)
    address = f"/api/v1/provider-accounts/{account.pk}"
    page = reverse("admin:leads_provideraccount_change", args=[account.pk])

    shown = [
        api.get("/api/v1/provider-accounts").content,
        api.get(address).content,
        api.patch(address, {"api_key": "s3cret-apollo-key"}).content,
        browser.get(page).content,
        browser.get(reverse("admin:leads_provideraccount_changelist")).content,
        browser.post(page, {"api_key": "s3cret-apollo-key\x00", "credit_limit": "1"}).content,
        str(list(AuditLog.objects.values())).encode(),
    ]

    assert [b"s3cret-apollo-key" in each for each in shown] == [False] * len(shown)


def test_a_new_key_starts_with_nothing_heard_of_it(account):
    ProviderAccount.objects.update(last_error="no", checked_at=timezone.now())
    client = key_client(Role.MANAGER, account.organization)

    answer = client.patch(f"/api/v1/provider-accounts/{account.pk}", {"api_key": "new-key"}).json()

    assert (answer["last_error"], answer["checked_at"]) == ("", None)
    assert ProviderAccount.objects.get().api_key == "new-key"


def test_the_dialog_says_what_apollo_says_of_the_key(apollo, account):
    browser = client_of(MembershipFactory(organization=account.organization, role=Role.MANAGER).user)

    press(browser, reverse("admin:leads_provideraccount_test_key", args=[account.pk]))

    page = browser.get(reverse("admin:leads_provideraccount_change", args=[account.pk]))
    assert "Apollo accepts the key." in page.content.decode()


def test_the_dialog_stays_with_what_apollo_says_against_the_key(apollo, account):
    apollo.keys.clear()
    browser = client_of(MembershipFactory(organization=account.organization, role=Role.MANAGER).user)

    answer = press(browser, reverse("admin:leads_provideraccount_test_key", args=[account.pk]))

    assert "Invalid API key" in answer.content.decode()


def test_the_api_tells_what_apollo_says_of_the_key(apollo, account):
    apollo.keys.clear()
    client = key_client(Role.MANAGER, account.organization)

    answer = client.post(f"/api/v1/provider-accounts/{account.pk}/check").json()

    assert (answer["ok"], answer["code"]) == (False, "provider_key_refused")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "apollo", "api_key": "a b"}, "api_key"),
        ({"provider": "apollo"}, "api_key"),
        ({"provider": "hermes", "api_key": "k"}, "provider"),
        ({"provider": "apollo", "api_key": "k", "credit_limit": 0}, "credit_limit"),
    ],
)
def test_a_key_that_cannot_be_kept_is_refused_by_the_name_of_its_field(db, body, field):
    account = ProviderAccountFactory()
    home = account.organization
    account.delete()

    answer = key_client(Role.MANAGER, home).post("/api/v1/provider-accounts", body)

    assert answer.status_code == 400
    assert field in answer.content.decode()


def test_a_second_key_for_one_provider_is_refused(account):
    answer = key_client(Role.MANAGER, account.organization).post(
        "/api/v1/provider-accounts", {"provider": "apollo", "api_key": "k"}
    )

    assert answer.status_code == 400
    assert "already a key" in answer.content.decode()


def test_the_list_costs_the_same_for_three_keys_as_for_one(account):
    browser = client_of(MembershipFactory(user__is_superuser=True, organization=account.organization).user)
    address = reverse("admin:leads_provideraccount_changelist")
    browser.get(address)
    with CaptureQueriesContext(connection) as one:
        browser.get(address)
    ProviderAccountFactory.create_batch(2)

    with CaptureQueriesContext(connection) as three:
        browser.get(address)

    assert len(three) == len(one)
