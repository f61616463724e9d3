"""`suppress` and `unsuppress` on a shell."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    OrganizationFactory,
    RecipientFactory,
    SuppressionFactory,
)
from leads.models import Suppression
from leads.suppression import suppress_erased

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Any:
    return OrganizationFactory(slug="acme")


def run(*arguments: str, command: str = "suppress") -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(command, *arguments, "--organization", "acme", stdout=out, stderr=StringIO())
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_a_file_and_what_is_named_beside_it_are_suppressed(organization: Any, tmp_path: Any) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\ufeffana@acme.example\n\nnonsense\n", encoding="utf-8")

    code, out = run("umbrella.example", "--file", str(path), "--reason", "legal", "--until", "2099-01-31")

    kept = Suppression.objects.order_by("address").values_list("address", "reason", "expires_at__year")
    assert list(kept) == [("ana@acme.example", "legal", 2099), ("umbrella.example", "legal", 2099)]
    assert (code, out) == (5, "2 added, 0 known, 0 twice.\n0 people left their campaigns.\n")


def test_a_table_is_read_by_its_column_of_addresses(organization: Any, tmp_path: Any) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,e-mail\nAna,Ana <ana@acme.example>\nBob,*@umbrella.example\n", encoding="utf-8")

    code, _out = run("--file", str(path))

    assert (code, set(Suppression.objects.values_list("address", flat=True))) == (
        0,
        {"ana@acme.example", "umbrella.example"},
    )


def test_a_column_of_reasons_goes_before_the_reason_that_is_given_but_for_the_lighter(
    organization: Any, tmp_path: Any
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Status,e-mail\nUnsubscribed,ana@acme.example\nbounced,bo@acme.example\n,umbrella.example\n")

    tried = run("--file", str(path), "--reason", "legal", "--dry-run")
    run("--file", str(path), "x.example", "--reason", "legal")

    assert "With a reason of their own: 1 unsubscribed.\n" in tried[1]
    assert dict(Suppression.objects.values_list("address", "reason")) == {
        "ana@acme.example": "unsubscribed",
        "bo@acme.example": "legal",
        "umbrella.example": "legal",
        "x.example": "legal",
    }


def test_an_entry_as_it_stands_is_removed_though_none_like_it_would_be_taken_today(organization: Any) -> None:
    SuppressionFactory(organization=organization, address="*@acme.example")
    kept = SuppressionFactory(organization=organization, address="acme.example")

    code, _out = run("*@acme.example", "--reason", "a slip", command="unsuppress")

    assert (code, Suppression.objects.get()) == (0, kept)


def test_a_dry_run_counts_and_changes_nothing(organization: Any) -> None:
    LeadFactory(organization=organization, email="ana@acme.example")

    code, out = run("acme.example", "--dry-run", "--json")

    told = json.loads(out)
    assert (code, told["added"], told["leads"], told["active"]) == (0, 1, 1, 0)
    assert not Suppression.objects.exists()


def test_a_run_says_who_left_as_the_dry_run_says_who_would(organization: Any) -> None:
    RecipientFactory(lead__email="ana@acme.example", campaign__organization=organization)

    tried, done = run("acme.example", "--dry-run"), run("acme.example")

    about = "About 1 lead, of whom 1 is active and would leave at once. Nothing was changed."
    assert tried == (0, f"1 added, 0 known, 0 twice.\n{about}\n")
    assert done == (0, "1 added, 0 known, 0 twice.\n1 person left their campaigns.\n")


def test_a_check_ends_with_four_when_somebody_may_not_be_written_to(organization: Any) -> None:
    SuppressionFactory(organization=organization, address="acme.example", reason="legal")

    hit, free = run("--check", "ana@acme.example", "bo@x.example"), run("--check", "bo@x.example")

    assert hit == (4, "no  ana@acme.example  legal\nyes  bo@x.example\n")
    assert free == (0, "yes  bo@x.example\n")
    number = CampaignFactory(organization=organization).pk
    SuppressionFactory(organization=organization, address="x.example", campaign_id=number)
    assert run("--check", "bo@x.example") == (0, f"yes  bo@x.example  but not in campaign {number}\n")


def test_a_check_answers_for_a_domain(organization: Any) -> None:
    SuppressionFactory(organization=organization, address="acme.example", reason="legal")

    assert run("--check", "acme.example", "x.example") == (4, "no  acme.example  legal\nyes  x.example\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("a.example", "--until", "soon"), 2), (("a.example", "--until", "2001-01-01"), 2),
     (("a.example", "--campaign", "999"), 3), (("--file", "/nowhere"), 2)],
)  # fmt: skip
def test_what_cannot_be_used_changes_nothing(organization: Any, arguments: tuple[str, ...], code: int) -> None:
    assert (run(*arguments)[0], Suppression.objects.count()) == (code, 0)


def test_an_entry_is_removed_with_a_reason(organization: Any) -> None:
    campaign = CampaignFactory(organization=organization)
    SuppressionFactory(organization=organization, address="ana@acme.example", campaign_id=campaign.pk)

    everywhere = run("ana@acme.example", "--reason", "asked", command="unsuppress")
    there = run("ana@acme.example", "--campaign", str(campaign.pk), "--reason", "asked", command="unsuppress")

    assert (everywhere[0], there[0], Suppression.objects.count()) == (3, 0, 0)


def test_an_erased_person_is_allowed_again_by_the_address(organization: Any) -> None:
    suppress_erased(organization=organization, lead_id=0, addresses=["ana@acme.example"], at=organization.created_at)

    assert run("Ana@acme.example", "--reason", "signed up", command="unsuppress")[0] == 0
    assert not Suppression.objects.exists()


def test_a_time_that_is_none_is_refused_in_a_dry_run_too(organization: Any) -> None:
    code, said = run("ana@acme.example", "--until", "nonsense", "--dry-run")

    assert (code, "“nonsense” is neither a day nor a time" in said) == (2, True)
