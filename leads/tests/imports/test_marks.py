import pytest
from disposable_email_domains import blocklist

from leads.imports.marks import Marks, marks

# RFC 2142: what every domain that offers the service must have.
RFC_2142 = (
    *("info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet"),
    *("news", "webmaster", "www", "uucp", "ftp"),
)


@pytest.mark.parametrize("name", [*RFC_2142, "noreply", "no-reply", "kontakt", "ventas", "biuro", "podatelna", "rh"])
def test_an_address_of_a_function_is_marked(name: str):
    assert marks(f"{name}@acme.example") == Marks(is_role=True, is_disposable=False)


@pytest.mark.parametrize("name", ["sales+eu", "harbor-list-request", "announce-owner"])
def test_tags_and_the_names_of_mailing_lists_are_seen_through(name: str):
    assert marks(f"{name}@acme.example").is_role


@pytest.mark.parametrize("name", ["ana", "info.novak", "salesman", "ola", "ana+sales", "marketa"])
def test_a_person_is_not_marked(name: str):
    assert marks(f"{name}@acme.example") == Marks(is_role=False, is_disposable=False)


@pytest.mark.parametrize("domain", ["mailinator.com", "inbox.mailinator.com", "a.b.yopmail.com"])
def test_a_throw_away_service_is_marked_and_so_is_what_lies_below_it(domain: str):
    assert marks(f"ana@{domain}") == Marks(is_role=False, is_disposable=True)


@pytest.mark.parametrize("domain", ["gmail.com", "acmemailinator.com", "mailinator.com.acme.example", "com", ""])
def test_a_name_that_only_looks_like_one_is_not(domain: str):
    assert not marks(f"ana@{domain}").is_disposable


def test_the_list_is_written_as_normal_forms_are():
    assert [domain for domain in blocklist if not domain.isascii() or domain != domain.lower()] == []
