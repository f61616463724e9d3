"""Pages of people, and what they cost."""

from decimal import Decimal

import pytest

from campaigns.tests.factories import ProviderAccountFactory, ProviderPurchaseFactory
from leads.models import ProviderPurchase
from leads.providers.errors import ProviderRefused
from leads.providers.registry import provider_for, provider_of
from leads.providers.values import FetchEnd
from leads.tests.providers.conftest import all_pages, source_of
from leads.tests.providers.fake_apollo import Reply
from leads.tests.providers.fake_people import Person

BUY, SEARCH = "people/bulk_match", "mixed_people/api_search"


def problems(pages):
    return {record.external_id: record.problem for page in pages for record in page.records}


def records(pages):
    return [record for page in pages for record in page.records]


def test_people_are_found_for_nothing_and_bought_in_tens(apollo, provider):
    pages = all_pages(provider, source_of())

    assert len(records(pages)) == 25
    assert [len(call.body["details"]) for call in apollo.asked(BUY)] == [10, 10, 5]
    assert {call.query for call in apollo.asked(BUY)} == {"reveal_personal_emails=false"}
    assert sum(page.credits for page in pages) == 25
    assert pages[-1].end == FetchEnd.NO_MORE


def test_a_person_is_mapped_onto_our_fields(apollo, provider):
    record = next(each for each in records(all_pages(provider, source_of())) if each.external_id == apollo.people[0].id)

    assert record.problem is None
    assert record.fields == {
        "email": "ada.lovelind0@firm0.example",
        "first_name": "Ada",
        "last_name": "Lovelind0",
        "title": "Head of Growth",
        "seniority": "head",
        "linkedin_url": "http://www.linkedin.com/in/person-0",
        "city": "Berlin",
        "country": "Germany",
        "timezone": "Europe/Berlin",
        "company": "Firm 0 GmbH",
        "company_domain": "firm0.example",
        "website": "http://www.firm0.example",
        "industry": "information technology & services",
        "company_size": 5,
        "verification": "verified",
        "is_catch_all": False,
    }


def test_a_title_that_is_null_is_left_out(apollo, provider):
    untitled = next(each for each in apollo.people if each.title is None)
    by_id = {each.external_id: each for each in records(all_pages(provider, source_of()))}

    assert "title" not in by_id[untitled.id].fields


def test_no_more_are_bought_than_were_asked_for(apollo, provider):
    pages = all_pages(provider, source_of(count=13))

    assert len(records(pages)) == 13
    assert sum(apollo.sold.values()) == 13
    assert pages[-1].end == FetchEnd.COUNT_REACHED


def test_whoever_has_no_address_does_not_count_and_another_is_taken(apollo, provider):
    apollo.people[0].has_email = False
    apollo.people[1].is_known = False

    pages = all_pages(provider, source_of(count=10))

    told = problems(pages)
    assert (told[apollo.people[0].id], told[apollo.people[1].id]) == ("no_email", "not_found")
    assert list(told.values()).count(None) == 10
    assert apollo.people[0].id not in apollo.sold


def test_the_next_page_is_asked_for_where_the_cursor_says(apollo, provider):
    apollo.people = [Person(number, has_email=False) for number in range(250)]

    pages = all_pages(provider, source_of())

    assert [len(page.records) for page in pages] == [100, 100, 50]
    assert [call.body["page"] for call in apollo.asked(SEARCH)] == [1, 2, 3]
    assert [page.next_cursor for page in pages] == [{"page": 2, "found": 0}, {"page": 3, "found": 0}, None]


def test_a_page_that_takes_long_is_handed_over_in_parts(apollo, provider, monkeypatch):
    monkeypatch.setattr("leads.providers.apollo.gather.LONGEST_PAGE", 0)

    pages = all_pages(provider, source_of(count=23))

    assert [len(page.records) for page in pages] == [10, 10, 3]
    assert len({record.external_id for record in records(pages)}) == 23
    assert [call.body["page"] for call in apollo.asked(SEARCH)] == [1, 1, 1]
    assert set(apollo.sold.values()) == {1}
    assert (len(pages[1].next_cursor["done"]), pages[-1].end) == (20, FetchEnd.COUNT_REACHED)


def test_nothing_found_is_an_end_and_no_refusal(apollo, provider):
    apollo.people = []

    pages = all_pages(provider, source_of())

    assert (pages[0].records, pages[0].total, pages[0].end) == ([], 0, FetchEnd.NO_MORE)


def test_an_address_that_is_locked_is_stored_nowhere(apollo, provider):
    apollo.people[3].is_locked = True

    record = next(each for each in records(all_pages(provider, source_of())) if each.external_id == apollo.people[3].id)

    assert record.problem == "email_locked"
    assert "email" not in record.fields
    assert "email_not_unlocked" not in str(record)
    assert "email_not_unlocked" not in str(list(ProviderPurchase.objects.values()))


def test_answers_are_told_apart_by_who_they_are(apollo, provider):
    missing, null, twice = apollo.people[2], apollo.people[4], apollo.people[6]
    apollo.is_short_of, apollo.is_null_for, apollo.is_twice = {missing.id}, {null.id}, {twice.id}

    by_id = {each.external_id: each for each in records(all_pages(provider, source_of()))}

    assert {each.id: by_id[each.id].problem for each in (missing, null, twice)} == {
        missing.id: "not_found",
        null.id: "not_found",
        twice.id: None,
    }
    assert all(by_id[each.id].fields["email"] == each.email for each in apollo.people if each not in (missing, null))


def test_a_person_who_comes_under_a_new_id_is_known_by_name_and_company(apollo, provider):
    apollo.people[5].new_id = "64affffffffffffffffffff5"

    by_id = {each.external_id: each for each in records(all_pages(provider, source_of()))}

    assert by_id[apollo.people[5].id].fields["email"] == apollo.people[5].email


def test_a_stranger_in_the_answer_makes_whoever_has_none_unclear(apollo, provider):
    stranger = Person(999)
    apollo.is_short_of = {apollo.people[5].id}
    apollo.next_reply(
        BUY, lambda usual: Reply(200, {**usual.body, "matches": [*usual.body["matches"], stranger.match()]})
    )

    told = problems(all_pages(provider, source_of()))

    assert told[apollo.people[5].id] == "purchase_unclear"
    assert stranger.email not in str(list(ProviderPurchase.objects.values("payload")))


def test_credits_are_noted_as_apollo_counts_them(apollo, provider):
    apollo.credit_each = 0.3
    apollo.people = apollo.people[:3]
    apollo.people[2].is_known = False

    pages = all_pages(provider, source_of())

    assert pages[0].credits == Decimal("0.6")
    noted = ProviderPurchase.objects.order_by("pk").values_list("status", "credits")
    assert sorted(noted) == [
        ("found", Decimal("0.300")), ("found", Decimal("0.300")), ("missing", Decimal(0))
    ]  # fmt: skip


def test_credits_that_are_not_told_count_as_one_a_person(apollo, provider):
    apollo.next_reply(BUY, lambda usual: Reply(200, {**usual.body, "credits_consumed": None}))
    apollo.people = apollo.people[:4]

    assert all_pages(provider, source_of())[0].credits == 4


def test_no_fetch_spends_more_credits_than_it_may(apollo, account, of_import):
    account.credit_limit = 12
    provider = provider_of(account, lead_import=of_import)

    pages = all_pages(provider, source_of())

    assert sum(apollo.sold.values()) == 12
    assert (len(records(pages)), pages[-1].end) == (12, FetchEnd.CREDIT_LIMIT)


def test_the_smaller_limit_holds_and_what_was_spent_before_counts(apollo, account, of_import):
    account.credit_limit = 100
    ProviderPurchaseFactory(organization=account.organization, lead_import=of_import, status="found", credits=3)
    ProviderPurchaseFactory(organization=account.organization, lead_import=of_import, status="unclear")
    ProviderPurchaseFactory(organization=account.organization, status="found", credits=50)
    provider = provider_of(account, lead_import=of_import, credit_limit=10)

    all_pages(provider, source_of())

    assert sum(apollo.sold.values()) == 6


def test_a_broken_off_page_is_fetched_again_without_buying_again(apollo, provider):
    source = source_of()
    apollo.limits[BUY]["hour"] = 2
    with pytest.raises(ProviderRefused):
        provider.fetch(source, None)
    apollo.limits[BUY]["hour"] = 100

    pages = all_pages(provider, source)

    assert len(records(pages)) == 25
    assert set(apollo.sold.values()) == {1}
    assert pages[0].credits == 5


def test_whoever_was_bought_once_is_used_again_by_another_fetch(apollo, account, provider):
    first = all_pages(provider, source_of())
    again = provider_for(organization=account.organization, name="apollo")

    pages = all_pages(again, source_of())

    assert set(apollo.sold.values()) == {1}
    assert [each.fields for each in records(pages)] == [each.fields for each in records(first)]
    assert sum(page.credits for page in pages) == 0


def test_another_organization_buys_for_itself(apollo, provider):
    all_pages(provider, source_of())
    other = ProviderAccountFactory(api_key="master-key")

    all_pages(provider_of(other), source_of())

    assert set(apollo.sold.values()) == {2}


def test_an_empty_purse_is_said_and_nobody_is_noted(apollo, provider):
    apollo.credits_left = 3

    with pytest.raises(ProviderRefused) as refused:
        provider.fetch(source_of(), None)

    assert refused.value.code == "provider_no_credits"
    assert not ProviderPurchase.objects.exists()


def test_a_search_that_finds_everybody_is_not_believed(apollo, provider):
    apollo.next_reply(SEARCH, Reply(200, {"total_entries": 275_000_000, "people": []}))

    with pytest.raises(ProviderRefused) as refused:
        provider.preview(source_of())

    assert refused.value.code == "filters_ignored"


@pytest.mark.parametrize("body", [{}, {"people": []}, {"total_entries": "many"}, {"pagination": []}])
def test_an_answer_without_a_total_is_not_believed(apollo, provider, body):
    apollo.next_reply(SEARCH, Reply(200, body))

    with pytest.raises(ProviderRefused) as refused:
        provider.fetch(source_of(), None)

    assert refused.value.code == "provider_answer_unreadable"


def test_a_preview_tells_the_number_and_the_credits_and_costs_nothing(apollo, provider):
    found = provider.preview(source_of(count=20))

    assert (found.total, found.count, found.about_credits, found.capped_at) == (25, 20, 20, None)
    assert not apollo.sold
    assert apollo.calls[0].body["per_page"] == 1


def test_a_preview_tells_where_only_some_of_them_can_be_had(apollo, provider):
    apollo.next_reply(SEARCH, Reply(200, {"total_entries": 80_000, "people": []}))

    found = provider.preview(source_of(count=50_000))

    assert (found.total, found.count, found.capped_at) == (80_000, 50_000, 50_000)


def test_a_preview_promises_no_more_credits_than_may_be_spent(apollo, account):
    account.credit_limit = 7

    assert provider_of(account).preview(source_of()).about_credits == 7


def test_saved_contacts_come_with_their_address_for_nothing(apollo, provider):
    apollo.people[0].is_contact = apollo.people[1].is_contact = True
    apollo.people[1].more = {"email_unsubscribed": True}
    source = source_of(contact_label_ids=["5e0000000000000000000001"])

    pages = all_pages(provider, source)

    assert problems(pages) == {apollo.people[0].id: None, apollo.people[1].id: "unsubscribed_at_provider"}
    assert records(pages)[0].fields["phone"] == "+4930000000"
    assert not apollo.asked(BUY)
    assert provider.preview(source).about_credits == 0


def test_the_older_search_is_refused_by_name_where_apollo_has_given_it_up(apollo, account, settings):
    settings.APOLLO_LEGACY_SEARCH = True

    with pytest.raises(ProviderRefused) as refused:
        provider_of(account).fetch(source_of(), None)

    assert refused.value.code == "provider_deprecated"
    assert "APOLLO_LEGACY_SEARCH" in refused.value.hint


def test_the_older_search_is_read_in_its_shape_with_contacts_for_nothing(apollo, account, of_import, settings):
    settings.APOLLO_LEGACY_SEARCH = apollo.has_legacy = True
    apollo.people[0].is_contact = True
    provider = provider_of(account, lead_import=of_import)

    pages = all_pages(provider, source_of(q_organization_domains_list=["firm0.example", "firm1.example"]))

    assert apollo.calls[0].body["q_organization_domains"] == "firm0.example\nfirm1.example"
    by_id = {each.external_id: each for each in records(pages)}
    assert by_id[apollo.people[0].id].fields["email"] == apollo.people[0].email
    assert apollo.people[0].id not in apollo.sold
    assert apollo.sold[apollo.people[1].id] == 1
    assert all(record.problem is None for record in records(pages))


def test_people_behind_a_catch_all_server_are_left_out_where_the_search_says_so(apollo, provider):
    apollo.people[0].is_catch_all = True
    source = source_of(contact_email_status=["verified"], exclude_catch_all=True)

    told = problems(all_pages(provider, source))

    assert told[apollo.people[0].id] == "catch_all_excluded"
    assert "exclude_catch_all" not in apollo.calls[0].body


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("verified", "verified"),
        ("likely_to_engage", "likely"),
        ("guessed", "unverified"),
        ("extrapolated", "unverified"),
        ("unverified", "unverified"),
        ("bounced", "unavailable"),
        ("unavailable", "unavailable"),
        ("pending_manual_fulfillment", "unknown"),
        (None, "unknown"),
        ("something new", "unknown"),
    ],
)
def test_what_apollo_knows_of_an_address_is_told_in_our_words(apollo, provider, status, expected):
    apollo.people = [Person(0, email_status=status)]

    record = records(all_pages(provider, source_of(q_keywords="Ada")))[0]

    assert record.fields["verification"] == expected


def test_the_payload_alone_gives_the_same_fields_at_any_time(apollo, provider):
    apollo.people[1].is_locked = True
    apollo.people[2].is_known = False
    source = source_of()

    for record in records(all_pages(provider, source)):
        told = type(provider).map(record.payload, filters=source.filters)
        assert (told.fields, told.problem) == (record.fields, record.problem)


def test_hostile_texts_are_cut_and_cleaned(apollo, provider):
    apollo.people = [Person(0)]
    apollo.people[0].more = {
        "first_name": "A\r\nda\x00",
        "title": "t" * 500,
        "time_zone": "Mars/Olympus",
        "city": ["Berlin"],
        "organization": {"name": None, "website_url": "http://[", "estimated_num_employees": 10**12},
        "phone_numbers": [None, "x"],
    }

    fields = records(all_pages(provider, source_of()))[0].fields

    assert (fields["first_name"], len(fields["title"])) == ("A da", 200)
    assert {"timezone", "city", "company", "company_size", "company_domain", "phone"}.isdisjoint(fields)


def test_an_organization_without_a_key_is_told_so(apollo, account):
    other = ProviderAccountFactory().organization
    other.provider_accounts.all().delete()

    with pytest.raises(ProviderRefused) as refused:
        provider_for(organization=other, name="apollo")

    assert refused.value.code == "provider_not_configured"
