"""The pages around the list of suppressions."""

import csv
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    OrganizationFactory,
    RecipientFactory,
    SuppressionFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from leads.models import Suppression


def page(name: str) -> str:
    return reverse(f"admin:leads_suppression_{name}")


def test_the_list_has_a_tile_for_each_reason_and_asks_no_more_for_three_entries(
    operator: Client, organization: Any, django_assert_max_num_queries: Any
) -> None:
    SuppressionFactory(organization=organization, reason="complaint")
    SuppressionFactory(reason="legal")
    with django_assert_max_num_queries(40) as first:
        shown = operator.get(page("changelist"))
    SuppressionFactory.create_batch(2, organization=organization, reason="manual")

    with django_assert_max_num_queries(len(first)):
        operator.get(page("changelist"))

    assert [(tile["label"], tile["value"]) for tile in shown.context["tiles"]] == [("Complaint", "1")]


def test_a_question_says_of_each_address_whether_and_why_not(operator: Client, organization: Any) -> None:
    SuppressionFactory(organization=organization, address="acme.example", reason="legal")

    answer = operator.post(
        page("check"), {"organization": organization.pk, "addresses": "ana@acme.example, bo@x.example\nnonsense"}
    )

    answers = [each["answer"] for each in answer.context["answers"]]
    told = [(each.asked, each.is_allowed, each.code) for each in answers]
    assert told == [
        ("ana@acme.example", False, "legal"),
        ("bo@x.example", True, ""),
        ("nonsense", False, "invalid_address"),
    ]


def test_an_answer_names_the_lead_the_campaign_that_led_to_it_and_where_else_it_holds(
    operator: Client, organization: Any, django_assert_max_num_queries: Any
) -> None:
    campaign = CampaignFactory(organization=organization, name="Autumn")
    lead = LeadFactory(organization=organization, email="ana@acme.example")
    SuppressionFactory(organization=organization, address=lead.email, campaign_id=campaign.pk)
    asked = {"organization": organization.pk, "addresses": "Ana Marin <ana@acme.example>; bo@x.example, cy@x.example"}
    with django_assert_max_num_queries(60) as few:
        first = operator.post(page("check"), asked)
    for number in range(3):
        SuppressionFactory(organization=organization, address=f"{number}@x.example", source=f"campaign {campaign.pk}")
    asked["addresses"] += "".join(f"; {number}@x.example" for number in range(3))

    with django_assert_max_num_queries(len(few)):
        second = operator.post(page("check"), asked)

    words = first.content.decode()
    assert "Yes, with exceptions" in words
    assert (
        f'Not in <a class="text-link" href="{reverse("admin:campaigns_campaign_change", args=[campaign.pk])}">' in words
    )
    assert reverse("admin:leads_lead_change", args=[lead.pk]) in words
    assert first.context["to_copy"].splitlines()[1:] == ["bo@x.example", "cy@x.example"]
    assert (second.context["allowed_count"], "(campaign “Autumn”)" in second.content.decode()) == (3, True)


def test_a_question_about_a_domain_is_answered_for_everybody_there(operator: Client, organization: Any) -> None:
    SuppressionFactory(organization=organization, address="acme.example", reason="legal")

    answer = operator.post(page("check"), {"organization": organization.pk, "addresses": "acme.example, x.example, no"})

    for words in (
        "No, everybody there",
        "The domain is not suppressed; single addresses there may be.",
        "It is neither an e-mail address nor a domain.",
    ):
        assert words in answer.content.decode()


def test_a_domain_is_suppressed_only_after_it_was_told_whom_it_stops(operator: Client, organization: Any) -> None:
    RecipientFactory(campaign__organization=organization, lead__email="ana@acme.example")
    LeadFactory(organization=organization, email="bo@acme.example")
    typed = {"organization": organization.pk, "address": "acme.example", "reason": "legal"}

    first = operator.post(page("add"), typed).content.decode()
    before = Suppression.objects.count()
    operator.post(page("add"), {**typed, "confirmed": "on"})

    assert "2 leads, of whom 1 is active and would leave at once." in first
    assert (before, Suppression.objects.get().address) == (0, "acme.example")
    assert Recipient.objects.get().exit_reason == "suppressed"


def test_a_list_is_looked_at_and_then_added(operator: Client, organization: Any) -> None:
    campaign = CampaignFactory(organization=organization)
    upload = SimpleUploadedFile("list.csv", b"email;name;why\nana@acme.example;Ana;opted out\n")
    typed = {"organization": organization.pk, "entries": "acme.example\nnonsense", "reason": "import",
             "campaign_id": campaign.pk, "expires_on": "2099-01-31"}  # fmt: skip

    looked = operator.post(page("list"), {**typed, "file": upload})
    before = Suppression.objects.count()
    again = {**typed, "entries": looked.context["form"]["entries"].value(), "confirmed": "1"}
    operator.post(page("list"), again)

    assert (looked.context["new"], [entry.text for entry in looked.context["invalid"]]) == (2, ["nonsense"])
    told = (
        "Reasons from the column “why”: 1 unsubscribed; as chosen below where it says none that is known, or a lighter "
        "one: 1 imported."
    )
    assert told in looked.content.decode()
    kept = Suppression.objects.order_by("address")
    assert (before, set(kept.values_list("campaign_id", "expires_at__date__year"))) == (0, {(campaign.pk, 2099)})
    assert list(kept.values_list("address", "reason")) == [
        ("acme.example", "import"),
        ("ana@acme.example", "unsubscribed"),
    ]


def test_everybody_at_a_domain_is_no_address_and_stops_nobody_before_it_was_told_whom(
    operator: Client, organization: Any
) -> None:
    LeadFactory(organization=organization, email="ana@acme.example")
    typed = {"organization": organization.pk, "address": "*@acme.example", "reason": "legal"}

    first = operator.post(page("add"), typed).content.decode()
    before = Suppression.objects.count()
    operator.post(page("add"), {**typed, "confirmed": "on"})

    assert "acme.example stands for everybody there: 1 lead" in first
    assert (before, Suppression.objects.get().address) == (0, "acme.example")


def test_a_wildcard_that_would_stop_nobody_is_refused_beside_the_field(operator: Client, organization: Any) -> None:
    typed = {"organization": organization.pk, "address": "*.acme.example", "reason": "legal", "confirmed": "on"}

    answer = operator.post(page("add"), typed)

    assert "each name below it, such as mail.acme.example" in answer.context["adminform"].form.errors["address"][0]
    assert not Suppression.objects.exists()


def test_the_name_of_a_web_server_is_kept_where_it_was_written_as_that_of_mail(
    operator: Client, organization: Any
) -> None:
    LeadFactory(organization=organization, email="ana@www.acme.example")
    typed = {"organization": organization.pk, "address": "@www.acme.example", "reason": "legal"}

    first = operator.post(page("add"), typed).content.decode()
    operator.post(page("add"), {**typed, "confirmed": "on"})

    assert "www.acme.example stands for everybody there: 1 lead" in first
    assert Suppression.objects.get().address == "www.acme.example"


def test_a_list_is_read_as_people_write_it_and_the_page_says_which_column(operator: Client, organization: Any) -> None:
    upload = SimpleUploadedFile("list.csv", b"name;Contact e-mail\nAna;ana@acme.example\n")
    pasted = (
        "email\nJane <jane@acme.example>\nhttps://www.beta.example/about # gone\na@x.example; b@x.example\n*.c.example"
    )
    typed = {"organization": organization.pk, "entries": pasted, "reason": "import"}

    looked = operator.post(page("list"), {**typed, "file": upload})
    again = {**typed, "entries": looked.context["form"]["entries"].value(), "confirmed": "1"}
    operator.post(page("list"), again)

    shown = looked.content.decode()
    assert "Read from the column “Contact e-mail”; the others were left aside." in shown
    assert "says nothing of names under it such as mail.beta.example: beta.example" in shown
    assert [(entry.line, entry.text) for entry in looked.context["invalid"]] == [(5, "*.c.example")]
    assert set(Suppression.objects.values_list("address", flat=True)) == {
        "ana@acme.example", "jane@acme.example", "beta.example", "a@x.example", "b@x.example",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["add", "list"])
def test_the_pages_say_what_a_domain_covers(operator: Client, name: str) -> None:
    assert "with example.com, mail.example.com can be written to" in operator.get(page(name)).content.decode()


def test_the_list_of_another_organization_is_not_added_to(operator: Client) -> None:
    elsewhere = OrganizationFactory()

    answer = operator.post(
        page("list"), {"organization": elsewhere.pk, "entries": "a.example", "reason": "manual", "confirmed": "1"}
    )

    assert (answer.status_code, Suppression.objects.count()) == (200, 0)


def test_the_list_as_a_file_is_safe_for_spreadsheets_and_keeps_to_the_organization(organization: Any) -> None:
    SuppressionFactory(organization=organization, address="ana@acme.example", source="=1+1")
    SuppressionFactory(address="bo@acme.example")
    manager = member(organization, Role.MANAGER)

    answer = manager.post(page("export"))

    rows = list(csv.reader(b"".join(answer).decode("utf-8-sig").splitlines()))
    assert [row[:4] for row in rows[1:]] == [["ana@acme.example", "", "manual", "'=1+1"]]
    assert AuditLog.objects.filter(action="suppression.exported", organization_ref=organization.pk).count() == 1


@pytest.mark.parametrize(("reason", "status"), [("manual", 200), ("hard_bounce", 200), ("legal", 403)])
def test_an_operator_takes_back_what_no_person_asked_for(
    operator: Client, organization: Any, reason: str, status: int
) -> None:
    kept = SuppressionFactory(organization=organization, reason=reason)

    answer = press(operator, reverse("admin:leads_suppression_remove", args=[kept.pk]), reason="by mistake")

    assert (answer.status_code == 403, Suppression.objects.exists()) == (status == 403, status == 403)


def test_a_viewer_may_ask_and_nothing_more(organization: Any) -> None:
    viewer = member(organization, Role.VIEWER)

    asked = viewer.post(page("check"), {"organization": organization.pk, "addresses": "a@b.example"})

    assert asked.status_code == 200
    assert (viewer.get(page("list")).status_code, viewer.post(page("export")).status_code) == (403, 403)
