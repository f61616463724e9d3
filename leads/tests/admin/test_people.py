"""Leads, tags and suppressions on their pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    EventFactory,
    LeadAliasFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SegmentFactory,
    SuppressionFactory,
    TagFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.protection import keyed
from campaigns_project.tests.admin.browsers import member, press
from leads.models import Lead, Suppression, Tag


@pytest.fixture
def manager(organization: Any) -> Client:
    return member(organization, Role.MANAGER)


def add(client: Client, organization: Any, **fields: Any) -> Any:
    return client.post(reverse("admin:leads_lead_add"), {"organization": organization.pk, **fields})


def page_of(lead: Any) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


def test_a_new_lead_is_asked_for_nothing_that_only_one_that_is_there_has(operator: Client, organization: Any) -> None:
    page = operator.get(reverse("admin:leads_lead_add")).content.decode()

    assert "Further fields" in page
    assert not [word for word in ("Created at", "Updated at", "DatabaseDefault") if word in page]


def test_a_lead_is_kept_with_its_normalized_address_its_tags_and_further_fields(
    operator: Client, organization: Any
) -> None:
    add(
        operator, organization, email="Ana@BÜCHER.example", tags="vip, Prague", custom_lines="Industry: Shipping\nHall:"
    )

    lead = Lead.objects.get()
    assert lead.email_normalized == "ana@xn--bcher-kva.example"
    assert sorted(lead.lead_tags.values_list("tag__name", flat=True)) == ["Prague", "vip"]
    assert lead.custom == {"industry": "Shipping"}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"email": "not an address"}, "Enter a valid email address"),
        ({"email": "ana@example.com", "website": "javascript:alert(1)"}, "Write the whole address"),
        ({"email": "ana@example.com", "custom_lines": "no colon"}, "is not a field: write it as"),
        ({"email": "ana@example.com", "first_name": "Ana\r\nBcc: x@example.com"}, "Line breaks and control characters"),
        ({"email": "ana@example.com", "tags": "x" * 61}, "a tag has at most 60 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field(
    operator: Client, organization: Any, fields: Any, refusal: str
) -> None:
    answer = add(operator, organization, **fields)

    assert refusal in answer.content.decode()
    assert not Lead.objects.exists()


def test_a_second_lead_with_the_same_address_is_refused(operator: Client, organization: Any) -> None:
    LeadFactory(organization=organization, email="ana@example.com")

    answer = add(operator, organization, email="ANA@example.com")

    assert "has a lead with this address already" in answer.content.decode()


def test_the_address_of_somebody_who_was_merged_is_refused_and_their_own_is_not(
    operator: Client, organization: Any
) -> None:
    lead = LeadFactory(organization=organization)
    LeadAliasFactory(lead=lead, organization=organization, email_normalized="old@example.com")

    second = add(operator, organization, email="Old@example.com").content.decode()
    own = operator.post(page_of(lead), {"email": "old@example.com"})

    assert f"This address belongs to lead {lead.pk}, {lead.email}: the two were merged." in second
    assert (own.status_code, Lead.objects.get().email) == (302, "old@example.com")


def test_an_edit_of_a_person_is_on_record_by_field_names_and_hashes(operator: Client, organization: Any) -> None:
    lead = LeadFactory(organization=organization, email="ana@example.com")

    operator.post(page_of(lead), {"email": "ana@example.com", "first_name": "Anastasia", "last_name": lead.last_name,
                                  "company": "Acme"})  # fmt: skip

    entry = AuditLog.objects.get(action="lead.changed")
    assert entry.after == {"first_name": keyed("Anastasia", organization_id=organization.pk)}
    assert "Anastasia" not in f"{entry.before}{entry.entity_name}"


def test_a_leads_page_shows_campaigns_and_what_happened(operator: Client, organization: Any) -> None:
    event = EventFactory(message__recipient__campaign__organization=organization, event_type="click")

    page = operator.get(page_of(event.campaign_recipient.lead)).content.decode()

    about = f"step {event.message.step.position} of “{event.campaign_recipient.campaign}”"
    assert f"Clicked a link in {about}" in page
    assert f"S{about[1:]} was sent" in page


def test_a_leads_page_says_that_the_address_is_suppressed_and_why(operator: Client, organization: Any) -> None:
    lead = LeadFactory(organization=organization, email="ana@acme.example")
    SuppressionFactory(organization=organization, address="acme.example", reason="legal")

    page = operator.get(page_of(lead)).content.decode()

    assert "Nothing is sent to this person" in page
    assert "legal request" in page


def test_whoever_is_suppressed_is_not_shown_as_ok_on_the_list_and_on_the_page(
    operator: Client, organization: Any
) -> None:
    lead = LeadFactory(organization=organization, email="ana@acme.example")
    LeadFactory(organization=organization, email="bob@beta.example")
    SuppressionFactory(organization=organization, address="acme.example", reason="manual")
    listed = reverse("admin:leads_lead_changelist")

    def shown(query: str) -> dict[str, bool]:
        page = operator.get(listed, query_params={"suppressed": query} if query else {})
        return {lead.email: "Suppressed" in page.context["cl"].model_admin.state(lead) for lead in rows(page)}

    def rows(page: Any) -> Any:
        return page.context["cl"].result_list

    assert shown("") == {"ana@acme.example": True, "bob@beta.example": False}
    assert (shown("yes"), shown("no")) == ({"ana@acme.example": True}, {"bob@beta.example": False})
    head = operator.get(page_of(lead)).content.decode().partition("fl-lead-facts")[0]
    assert "Suppressed</span>" in head


def test_the_list_shows_what_an_address_looks_like_and_tags_in_their_color(operator: Client, organization: Any) -> None:
    lead = LeadFactory(organization=organization, email="info@acme.example", is_role=True)
    LeadTagFactory(lead=lead, tag__name="vip", tag__color="#0ea5e9")

    shown = operator.get(reverse("admin:leads_lead_changelist")).content.decode()

    assert '<span class="fl-chip">Role address</span>' in shown
    assert "background: #0ea5e9" in shown
    assert "<b>1 lead</b>" in shown


def test_of_many_tags_a_list_shows_four_and_counts_the_others(operator: Client, organization: Any) -> None:
    empty = operator.get(reverse("admin:leads_lead_changelist")).content.decode()
    lead = LeadFactory(organization=organization)
    for name in "abcdef":
        LeadTagFactory(lead=lead, tag__name=name)

    shown = operator.get(reverse("admin:leads_lead_changelist")).content.decode()

    assert '<span class="fl-chip" title="e, f">+2</span>' in shown
    assert ("Import a file</a>" in empty, "Import a file</a>" in shown) == (True, False)


def test_a_lead_is_added_to_a_campaign_from_its_page(operator: Client, organization: Any) -> None:
    lead, campaign = LeadFactory(organization=organization), CampaignFactory(organization=organization)

    press(operator, reverse("admin:leads_lead_add_to_campaign", args=[lead.pk]), campaign=campaign.pk)

    assert Recipient.objects.values_list("lead", "campaign").get() == (lead.pk, campaign.pk)


def test_a_lead_suppressed_on_its_page_leaves_its_campaigns_at_once(operator: Client, organization: Any) -> None:
    recipient = RecipientFactory(campaign__organization=organization)

    press(operator, reverse("admin:leads_lead_suppress", args=[recipient.lead.pk]))

    assert Suppression.objects.get().address == recipient.lead.email_normalized
    assert Recipient.objects.get().exit_reason == "suppressed"


def test_the_search_finds_names_companies_and_starts_of_addresses(operator: Client, organization: Any) -> None:
    LeadFactory(organization=organization, email="zoe@acme.example", first_name="Zoë", company="Globex")
    LeadFactory(organization=organization, first_name="Jan")
    asked = ["zoe@", "Zoë", "glob", "zoe glob", "nobody"]

    found = [
        len(operator.get(reverse("admin:leads_lead_changelist"), {"q": text}).context["cl"].result_list)
        for text in asked
    ]

    assert found == [1, 1, 1, 1, 0]


def test_a_tag_leads_to_its_leads(operator: Client, organization: Any) -> None:
    tagged = LeadTagFactory(lead__organization=organization)
    LeadFactory(organization=organization)

    page = operator.get(reverse("admin:leads_lead_changelist"), {"tag": tagged.tag.pk})

    assert list(page.context["cl"].result_list) == [tagged.lead]


def test_a_second_tag_of_one_name_is_refused_beside_the_name(operator: Client, organization: Any) -> None:
    TagFactory(organization=organization, name="Autumn fair")
    typed = {"organization": organization.pk, "name": "autumn FAIR", "color": "#0ea5e9"}

    answer = operator.post(reverse("admin:leads_tag_add"), typed)

    assert dict(answer.context["adminform"].form.errors) == {"name": ["There is a tag with this name already."]}


def test_the_page_of_a_tag_counts_its_leads_and_names_what_asks_for_it_which_has_to_change_first(
    manager: Client, organization: Any
) -> None:
    tag = LeadTagFactory(lead__organization=organization).tag
    rule = {"field": "tag", "operator": "any_of", "value": [tag.pk]}
    asking = {"match": "all", "groups": [{"match": "all", "rules": [rule]}]}
    SegmentFactory(organization=organization, name="Visitors", rules=asking)

    shown = manager.get(reverse("admin:leads_tag_change", args=[tag.pk])).content.decode()
    dialog = manager.get(reverse("admin:leads_tag_delete_tag", args=[tag.pk])).content.decode()

    assert f'?tag={tag.pk}">1</a>' in shown
    assert ("“Visitors”" in shown, "It is asked for by “Visitors”" in dialog) == (True, True)
    assert 'class="fl-button fl-button-danger" disabled>' in dialog


def test_a_tag_is_deleted_by_a_manager_and_the_leads_stay(manager: Client, operator: Client, organization: Any) -> None:
    tagged = LeadTagFactory(lead__organization=organization)
    address = reverse("admin:leads_tag_delete_tag", args=[tagged.tag.pk])

    by_operator, by_manager = press(operator, address), press(manager, address)

    assert (by_operator.status_code, by_manager.status_code) == (403, 200)
    assert (Tag.objects.count(), Lead.objects.count()) == (0, 1)
    assert AuditLog.objects.filter(action="tag.deleted").count() == 1


def test_an_address_is_suppressed_by_hand_and_whoever_it_is_leaves(operator: Client, organization: Any) -> None:
    recipient = RecipientFactory(campaign__organization=organization)

    operator.post(
        reverse("admin:leads_suppression_add"),
        {"organization": organization.pk, "address": recipient.lead.email.upper(), "reason": "manual"},
    )

    assert Suppression.objects.get().address == recipient.lead.email_normalized
    assert Recipient.objects.get().exit_reason == "suppressed"


def test_what_is_no_address_is_refused_with_an_example(operator: Client, organization: Any) -> None:
    data = {"organization": organization.pk, "address": "not a domain", "reason": "manual"}

    answer = operator.post(reverse("admin:leads_suppression_add"), data)

    assert "Write it as ana@example.com or example.com." in answer.content.decode()
    assert not Suppression.objects.exists()


def test_what_a_person_asked_for_a_manager_alone_takes_back_with_a_reason(
    manager: Client, operator: Client, organization: Any
) -> None:
    kept = SuppressionFactory(organization=organization, reason="complaint")
    address = reverse("admin:leads_suppression_remove", args=[kept.pk])

    by_operator = press(operator, address, reason="mistake")
    without_reason = press(manager, address, reason="")
    still_there = Suppression.objects.count()
    press(manager, address, reason="asked us to write again")

    assert by_operator.status_code == 403
    assert "This field is required" in without_reason.content.decode()
    assert (still_there, Suppression.objects.count()) == (1, 0)
    assert AuditLog.objects.get(action="suppression.removed").reason == "asked us to write again"


def test_a_lead_nobody_wrote_to_can_be_deleted(operator: Client, manager: Client, organization: Any) -> None:
    lead = LeadFactory(organization=organization)

    press(manager, reverse("admin:leads_lead_remove", args=[lead.pk]))

    assert not Lead.objects.exists()


def test_who_may_only_read_reads_tags_and_further_fields(db: None) -> None:
    lead = LeadTagFactory(tag__name="fair", lead__custom={"stand": "B 12"}).lead
    viewer = member(lead.organization, Role.VIEWER)

    page = viewer.get(reverse("admin:leads_lead_change", args=[lead.pk])).content.decode()

    assert "stand: B 12" in page
    assert page.count("<span>fair</span></span>") == 1
