"""Segments on their pages."""

import csv
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SegmentFactory,
    SuppressionFactory,
    TagFactory,
)
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import press
from leads.models import Lead, Segment
from leads.tests.segments.test_reading import one


def typed(field: str, operator: str, *values: Any, place: str = "0-0", kind: str = "groups") -> dict[str, Any]:
    """One row of the builder, as a browser sends it."""
    group = place.partition("-")[0]
    row = {f"rules-{place}-field": field, f"rules-{place}-operator": operator, f"rules-{place}-value": list(values)}
    return {f"rules-{group}-kind": kind, f"rules-{group}-match": "all", **row}


def test_a_segment_is_made_from_rows_and_its_page_tells_what_it_means(operator: Client, organization: Any) -> None:
    vip = TagFactory(organization=organization, name="vip")
    rows = {
        **typed("tag", "any_of", vip.pk),
        **typed("company_size", "between", "10", "50", place="0-1"),
        **typed("custom.", "is", "gold", place="1-0"),
        "rules-1-0-key": "Plan",
        **typed("status", "is_any_of", "bounced", place="2-0", kind="exclude"),
    }

    operator.post(reverse("admin:leads_segment_add"), {"organization": organization.pk, "name": "Warm", **rows})

    made = Segment.objects.get()
    page = operator.get(reverse("admin:leads_segment_change", args=[made.pk])).content.decode()
    assert made.rules["groups"][1]["rules"] == [{"field": "custom.plan", "operator": "is", "value": "gold"}]
    assert (
        "(tag is vip and company size is between 10 and 50) and custom.plan is gold, but not: status is bounced" in page
    )


def test_a_rule_that_cannot_be_asked_is_refused_beside_its_row_and_keeps_what_was_typed(
    operator: Client, organization: Any
) -> None:
    rows = {**typed("title", "is", "CTO"), **typed("company_size", "more_than", "many", place="0-1")}

    answer = operator.post(
        reverse("admin:leads_segment_add"), {"organization": organization.pk, "name": "Warm", **rows}
    )

    page = answer.content.decode()
    assert page.count("This needs a whole number") == 1  # beside the row, to which the form points
    assert "A rule cannot be asked as it stands: see what is said beside it." in page
    assert 'value="CTO"' in page
    assert not Segment.objects.exists()


def test_the_builder_adds_and_takes_away_rows_without_writing_anything(operator: Client, organization: Any) -> None:
    address = reverse("admin:leads_segment_builder")
    row = {"organization": organization.pk, **typed("title", "is", "CTO")}

    added = operator.post(address, {**row, "rules-act": "add-rule:0"}).content.decode()
    removed = operator.post(address, {**row, "rules-act": "remove-rule:0:0"}).content.decode()
    excluded = operator.post(address, {**row, "rules-act": "add-exclude"}).content.decode()

    assert ("rules-0-1-field" in added, 'value="CTO"' in added) == (True, True)
    assert 'value="CTO"' not in removed
    assert "But nobody who fits" in excluded
    assert operator.get(address).status_code == 405


def test_what_only_looks_like_a_number_breaks_no_page_of_a_segment(operator: Client, organization: Any) -> None:
    builder = reverse("admin:leads_segment_builder")
    row = {"organization": organization.pk, **typed("tags", "any_of", "²")}

    pressed = operator.post(builder, {**row, "rules-act": "add-rule:²"})
    sent = operator.post(reverse("admin:leads_segment_add"), {**row, "organization": "²", "name": "Warm"})

    assert (pressed.status_code, sent.status_code, Segment.objects.count()) == (200, 200, 0)


def test_the_count_follows_what_is_typed_and_says_nothing_of_another_organization(
    operator: Client, organization: Any
) -> None:
    LeadFactory(organization=organization, title="CTO")
    theirs = LeadFactory(title="CTO")
    address = reverse("admin:leads_segment_count_draft")

    ours = operator.post(address, {"organization": organization.pk, **typed("title", "is", "cto")})
    others = operator.post(address, {"organization": theirs.organization_id, **typed("title", "is", "cto")})
    unfinished = operator.post(address, {"organization": organization.pk, **typed("title", "is", "")})

    assert "1 lead now" in " ".join(ours.content.decode().split())
    assert "lead now" not in others.content.decode() + unfinished.content.decode()


def test_a_frozen_segment_shows_no_rules_to_edit_and_what_uses_it(operator: Client, organization: Any) -> None:
    segment = SegmentFactory(organization=organization, rules=one("title", "is", "CTO"))
    SegmentFactory(organization=organization, name="Outer", rules=one("segment", "in", segment.pk))

    press(operator, reverse("admin:leads_segment_freeze", args=[segment.pk]))

    page = operator.get(reverse("admin:leads_segment_change", args=[segment.pk])).content.decode()
    assert ("rules-0-0-field" in page, "segment Outer" in page) == (False, True)


def test_the_list_of_segments_costs_as_many_queries_for_three_as_for_one(operator: Client, organization: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(reverse("admin:leads_segment_changelist"))
        return len(captured)

    tag = TagFactory(organization=organization)
    SegmentFactory(organization=organization, rules=one("tag", "any_of", [tag.pk]))
    operator.get(reverse("admin:leads_segment_changelist"))
    for_one = queries()
    for _ in range(2):
        tag = TagFactory(organization=organization)
        SegmentFactory(organization=organization, rules=one("tag", "any_of", [tag.pk]))

    assert queries() == for_one


def names(client: Client, query: str) -> list[str]:
    page = client.get(f"{reverse('admin:leads_lead_changelist')}?{query}")
    return sorted(lead.first_name for lead in page.context["cl"].result_list)


def test_the_list_of_leads_is_narrowed_by_everything_it_offers(operator: Client, organization: Any) -> None:
    vip, cold = TagFactory(organization=organization), TagFactory(organization=organization)
    ana = LeadFactory(organization=organization, first_name="Ana", email="ana@acme.example", custom={"plan": "gold"})
    bob = LeadFactory(organization=organization, first_name="Bob", company="Build & Sons", is_role=True)
    eva = LeadFactory(organization=organization, first_name="Eva", verification="verified")
    for lead, tag in ((ana, vip), (bob, vip), (bob, cold)):
        LeadTagFactory(lead=lead, tag=tag)
    campaign = CampaignFactory(organization=organization)
    RecipientFactory(campaign=campaign, lead=eva)
    segment = SegmentFactory(organization=organization, rules=one("first_name", "is", "eva"))

    found = {
        query: names(operator, query)
        for query in (
            f"tag={vip.pk}", f"tag={vip.pk}&and_tag={cold.pk}", f"without_tag={vip.pk}", f"segment={segment.pk}",
            "custom=plan%3Dgold", "custom=plan", "domain=acme.example", "mark=is_role",
            "verification__exact=verified", f"campaign={campaign.pk}", f"not_in_campaign={campaign.pk}",
            "contacted=never", "q=build+%26+so", "q=an", "q=acme.example", "q=na",
        )
    }  # fmt: skip

    assert found == {
        f"tag={vip.pk}": ["Ana", "Bob"], f"tag={vip.pk}&and_tag={cold.pk}": ["Bob"], f"without_tag={vip.pk}": ["Eva"],
        f"segment={segment.pk}": ["Eva"], "custom=plan%3Dgold": ["Ana"], "custom=plan": ["Ana"],
        "domain=acme.example": ["Ana"], "mark=is_role": ["Bob"], "verification__exact=verified": ["Eva"],
        f"campaign={campaign.pk}": ["Eva"], f"not_in_campaign={campaign.pk}": ["Ana", "Bob"],
        "contacted=never": ["Ana", "Bob", "Eva"], "q=build+%26+so": ["Bob"], "q=an": ["Ana"],
        "q=acme.example": ["Ana"], "q=na": [],
    }  # fmt: skip


def test_an_act_on_the_list_touches_what_it_shows_and_nobody_else(operator: Client, organization: Any) -> None:
    shown = LeadFactory(organization=organization, company="Acme")
    LeadFactory(organization=organization, company="Beta")
    LeadFactory(company="Acme")
    address = f"{reverse('admin:leads_lead_tag_these')}?q=acme"

    opened = operator.get(address, headers={"HX-Request": "true"}).content.decode()
    done = press(operator, address, tags="vip")

    assert "1 lead: all that the list shows now" in opened
    assert done["HX-Redirect"].endswith("?q=acme")
    assert list(Lead.objects.filter(lead_tags__tag__name="vip")) == [shown]


def test_an_act_on_picked_leads_touches_these_alone_and_none_the_list_does_not_show(
    operator: Client, organization: Any
) -> None:
    picked, _left = LeadFactory.create_batch(2, organization=organization, company="Acme")
    hidden, foreign = LeadFactory(organization=organization, company="Beta"), LeadFactory(company="Acme")
    address = f"{reverse('admin:leads_lead_tag_these')}?q=acme&picked={picked.pk},{hidden.pk},{foreign.pk}"
    export = f"{reverse('admin:leads_lead_export')}?q=acme&picked={picked.pk}"

    opened = operator.get(address, headers={"HX-Request": "true"}).content.decode()
    done = press(operator, address, tags="vip")
    exported = b"".join(operator.post(export).streaming_content).decode().splitlines()

    assert "1 lead: those you picked" in opened
    assert done["HX-Redirect"].endswith("/lead/?q=acme")
    assert list(Lead.objects.filter(lead_tags__tag__name="vip")) == [picked]
    assert len(exported) == 2
    assert operator.get(address.replace(",", ";")).status_code == 404


def test_an_export_of_nobody_is_a_header(operator: Client, organization: Any) -> None:
    nobody = SegmentFactory(organization=organization, rules={})
    LeadFactory(organization=organization)

    answer = operator.post(f"{reverse('admin:leads_lead_export')}?segment={nobody.pk}")

    (header,) = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert header.startswith("email,first_name") and header.endswith("suppressed,tags")


def test_an_export_of_one_who_was_searched_for_leaves_no_name_and_address_in_the_audit_log(
    operator: Client, organization: Any
) -> None:
    LeadFactory(organization=organization, email="ana.marin@acme.example", first_name="Ana")
    export = reverse("admin:leads_lead_export")

    for query in ("q=ana.marin%40acme.example", "q=Marin", "e=ana.marin%40acme.example"):
        operator.post(f"{export}?{query}")

    reasons = list(AuditLog.objects.filter(action="leads.exported").order_by("pk").values_list("reason", flat=True))
    assert reasons[:2] == ["narrowed by q=…", "narrowed by q=…"]
    assert [word for word in ("arin", "acme") if word in str(reasons)] == []


def test_an_export_says_who_is_suppressed(operator: Client, organization: Any) -> None:
    LeadFactory(organization=organization, email="ana@acme.example")
    LeadFactory(organization=organization, email="bob@beta.example")
    SuppressionFactory(organization=organization, address="acme.example")

    answer = operator.post(reverse("admin:leads_lead_export"))

    lines = list(csv.DictReader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))
    assert {line["email"]: line["suppressed"] for line in lines} == {
        "ana@acme.example": "yes",
        "bob@beta.example": "no",
    }


def test_an_export_has_what_the_list_shows_disarmed_and_leaves_its_line(operator: Client, organization: Any) -> None:
    LeadFactory(organization=organization, email="ana@acme.example", company="=1+1", custom={"plan": "gold"})
    LeadFactory(organization=organization, company="Beta")
    LeadFactory(company="=1+1")
    address = f"{reverse('admin:leads_lead_export')}?q=%3D1"

    answer = operator.post(address)

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("email,first_name") and lines[0].endswith("tags,custom.plan")
    assert len(lines) == 2
    assert "ana@acme.example" in lines[1] and "'=1+1" in lines[1] and lines[1].endswith("gold")
    assert operator.get(address).status_code == 405


def test_the_list_of_leads_costs_as_many_queries_for_three_as_for_one(operator: Client, organization: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(reverse("admin:leads_lead_changelist"))
        return len(captured)

    LeadTagFactory(lead__organization=organization)
    operator.get(reverse("admin:leads_lead_changelist"))
    for_one = queries()
    for _ in range(2):
        RecipientFactory(lead=LeadTagFactory(lead__organization=organization).lead)

    assert queries() == for_one
