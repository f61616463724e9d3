"""Erasing a person: nothing names them any more, and everything else is as it was."""

import pytest
from django.db import connection

from campaigns import copies
from campaigns.copies import when_erased
from campaigns.deletion.errors import DeletionBlocked, ReasonMissing, StalePreview
from campaigns.deletion.relations import tree_of
from campaigns.mentions import mentioning, mentioning_anybody
from campaigns.models import Campaign, LeadNote, Link, Message
from campaigns.persons import erase_person, preview_person
from campaigns.persons.errors import WrongAddress
from campaigns.persons.texts import OF_ALL, OF_CAMPAIGNS, OF_ENDPOINTS, OF_METRICS, OF_ORGANIZATION, OTHER_LEADS
from campaigns.tests.factories import (
    NOON,
    LeadFactory,
    LeadImportFactory,
    MessageFactory,
    OrganizationFactory,
    RawLeadFactory,
    RecipientFactory,
    StagedLeadFactory,
)
from campaigns.tests.persons.everywhere import (
    ADDRESS,
    BESIDE,
    NORMAL,
    NUMBER,
    OLD,
    leave_traces,
    mentions,
    texts_of_the_database,
)
from campaigns.verifying import check_counters, check_pairs, check_recipients
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound
from campaigns_project.webhooks.models import WebhookDelivery
from leads.models import (
    Lead,
    LeadChange,
    LeadEnrichment,
    LeadImportPart,
    ProviderPurchase,
    RawLead,
    StagedLead,
    Suppression,
)
from leads.suppression import erased_among, find_suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return leave_traces(OrganizationFactory())


@pytest.fixture(autouse=True)
def _copies_of_one_test_alone(monkeypatch):
    monkeypatch.setattr(copies, "_acts", [])


def erase(lead, **given):
    asked = {"confirm_name": lead.email, "reason": "asked for it by letter", "actor": SYSTEM, "now": NOON}
    return erase_person(lead=lead, **{**asked, **given})


def test_the_person_stands_in_many_places_before(person):
    assert len(mentions()) > 40


def test_no_table_is_read_anew_for_each_row_of_another_however_little_is_known_of_them(person):
    """As after a bulk load: the planner takes what it has no statistics of for empty."""
    loops = []

    def explain(execute, sql, params, many, context):
        text = sql if isinstance(sql, str) else sql.as_string(None)
        if text.startswith("SELECT id FROM") and " IN (SELECT" in text:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {text}", params)
                loops.extend((text, line) for (line,) in cursor.fetchall() if "Nested Loop" in line)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        erase(person.lead)

    assert loops == []


def test_afterwards_nothing_in_the_database_names_the_person(person):
    erase(person.lead, reason=f"Zuzanna Kowalczyk <{ADDRESS}> wrote to us")

    assert mentions() == {}


def test_every_text_of_the_database_is_emptied_or_searched_or_can_name_nobody(person):
    """A new column has to be put in its place: is it about the person, may it mention one, or can it name nobody?"""
    searches = (OF_ORGANIZATION, OF_ENDPOINTS, OF_METRICS, OF_CAMPAIGNS, OF_ALL, mentioning_anybody())
    searched = {(table, name) for named in searches for table in named for name in named[table]}
    goes = set(tree_of(Lead).tables) | EMPTIED

    unknown = {
        (table, column)
        for table, column in texts_of_the_database()
        if table not in goes and table not in NAMES_NOBODY and (table, column) not in searched | NAMES_NOBODY_COLUMNS
    }

    assert unknown == set()


# Rows about the person that stay, empty; the queue's are read one by one.
EMPTIED = {
    "raw_leads", "staged_leads", "lead_enrichments", "lead_import_parts", "provider_purchases",
    "lead_aliases", "campaign_links", "django_q_ormq", "django_q_task", "idempotent_requests",
}  # fmt: skip
NAMES_NOBODY = {
    # Operators, and what the system knows of itself.
    "auth_group", "auth_permission", "axes_accessattempt", "axes_accessfailurelog", "axes_accesslog",
    "django_admin_log", "django_content_type", "django_migrations", "django_q_schedule", "django_session",
    "knox_authtoken", "memberships", "organizations", "second_factors", "service_accounts", "users",
    # Append-only; what they keep of people is hashed.
    "audit_chain_heads", "audit_log", "audit_sealed_entries", "audit_seals", "campaign_tombstones",
    # Wordings: written for everybody.
    "campaign_steps", "campaign_variant_versions", "campaign_variants", "email_template_versions", "email_templates",
    "enrichment_profiles",
    # Numbers and domains.
    "instantly_days", "instantly_leads",
    "campaign_usage", "sender_usage", "sending_leases", "tags", "tracking_raw_events", "lead_import_mappings",
}  # fmt: skip
NAMES_NOBODY_COLUMNS = {
    *((table, column) for table, columns in {
        "campaigns": ("campaign_id", "name", "status", "status_code", "timezone", "window_zone", "sending_days",
                      "holidays", "delivered_by", "instantly_campaign_id", "ranking_rules", "standing_audience",
                      "last_look"),
        "calendar_items": ("kind",),
        "campaign_plans": ("target_metric",),
        "campaign_tallies": ("kind", "figures", "counters"),
        "de_enrollment_runs": ("status", "lead_ids", "by_reason", "asked_by"),
        "duty_runs": ("name",),
        "instantly_accounts": ("api_key", "webhook_secret", "workspace", "status"),
        "instantly_handovers": ("mailboxes", "mark", "content", "told", "webhook", "figures", "leads_after"),
        "inbound_webhooks": ("service", "status", "reason", "content_type", "headers", "digest"),
        "jobs": ("kind", "status", "created_by"),
        "lead_imports": ("file_hash", "encoding", "delimiter", "mapping", "status", "dry_run_status",
                         "source", "undo_status", "problem_codes"),
        "mailboxes": ("name", "host", "security", "username", "password", "folders", "status", "positions",
                      "refresh_token", "access_token", "oauth_scopes"),
        "metric_definitions": ("name", "unit", "direction", "cadence"),
        "oauth_applications": ("name", "provider", "client_id", "client_secret", "tenant", "authorize_url", "token_url",
                               "scopes"),
        "orphan_reports": ("asked_by", "only_table", "counts"),
        "provider_accounts": ("provider", "api_key"),
        "segments": ("name",),
        "senders": ("email", "email_normalized", "name", "reply_to", "host", "security", "username", "password",
                    "status", "esp", "esp_settings", "webhook_service", "webhook_secret", "kind", "timezone",
                    "dkim_selector", "return_path_domain", "refresh_token", "access_token", "oauth_scopes"),
        "sending_halts": ("halted_by", "lifted_by"),
        "suppressions": ("address", "address_hash", "reason"),
        "webhook_deliveries": ("event_id", "event_type", "status"),
        "webhook_endpoints": ("url", "shown_url", "event_types", "secret", "previous_secret", "status"),
        "worker_heartbeats": ("name", "kind", "host"),
    }.items() for column in columns),
}  # fmt: skip


def test_every_free_text_that_hangs_on_a_lead_is_searched_for_others_or_can_name_none():
    searches = (OTHER_LEADS, mentioning(), mentioning_anybody())
    named = {(table, column) for tables in searches for table in tables for column in tables[table]}

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_name = ANY(%s) AND data_type IN ('text', 'jsonb')",
            [tree_of(Lead).tables],
        )
        free = set(cursor.fetchall())

    assert free - named == {
        ("email_tracking", "user_agent"),
        ("lead_rankings", "reasons"),  # made of rules, none of which asks for an address
    }


def test_what_only_mentions_the_person_stays_without_the_address(person):
    erase(person.lead)

    colleague = Lead.objects.get(email=BESIDE)
    staged = StagedLead.objects.get(lead=colleague)
    assert staged.raw_lead.payload == [BESIDE, "referred by (erased)", "Team:\n(erased)\n\t(erased)"]
    assert staged.fields == {"custom": {"referrer": "(erased)"}}
    assert LeadEnrichment.objects.get().result == {"knows": "(erased)"}
    assert LeadNote.objects.get().text == "Knows (erased), write to both"
    assert (colleague.custom, colleague.title) == ({"boss": "the (erased) one"}, "Assistant of (erased)")
    assert LeadChange.objects.get().changes == {"custom.boss": ["(erased)", "the (erased) one"]}


def test_webhooks_that_told_of_the_person_stay_without_the_address(person):
    erase(person.lead)

    kept = list(WebhookDelivery.objects.order_by("pk").values_list("payload", "response_body", "error")[:2])
    assert kept == [
        ({"email": "(erased)"}, "", ""),
        ({"addresses": [BESIDE, "(erased)"]}, "no (erased)", "about (erased)"),
    ]


def test_a_mail_to_somebody_else_that_mentions_the_person_stays_without_the_address(person):
    erase(person.lead)

    mail = Message.objects.get()
    assert (mail.recipient.lead.email, mail.recipient.error_message) == (BESIDE, "550 <(erased)>")
    assert (mail.subject, mail.smtp_reply) == ("You and (erased)", "250 cc <(erased)>")
    assert mail.merge_values == {"first_name": "Ben", "custom.boss": "the\n(erased)"}
    assert mail.events.get().event_data == {"text": f"Ask (erased), not {BESIDE}"}


def test_a_mail_of_another_organization_is_not_touched(person):
    elsewhere = MessageFactory(subject=ADDRESS, merge_values={"email": NORMAL})

    erase(person.lead)

    elsewhere.refresh_from_db()
    assert (elsewhere.subject, elsewhere.merge_values) == (ADDRESS, {"email": NORMAL})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Team:\nana@gone.example", "Team:\n(erased)"),
        ("\x01ana@gone.example\tnana@gone.example", "\x01(erased)\tnana@gone.example"),
        ("\\nana@gone.example", "\\nana@gone.example"),  # a backslash, and somebody else's address
        ("\\\nana@gone.example", "\\\n(erased)"),
        ("\\ana@gone.example", "\\(erased)"),
    ],
)
def test_an_address_is_found_behind_line_breaks_and_backslashes(text, left):
    lead = LeadFactory(email="ana@gone.example", first_name="", last_name="")
    raw = RawLeadFactory(organization=lead.organization, payload=["b@acme.example", text])
    StagedLeadFactory(raw_lead=raw, email_normalized="b@acme.example", fields={"custom": {"note": text}})

    erase(lead)

    staged = StagedLead.objects.get()
    assert (staged.raw_lead.payload[1], staged.fields["custom"]["note"]) == (left, left)


def test_an_address_that_begins_with_the_letter_of_an_escape_leaves_the_text_whole():
    lead = LeadFactory(email="nana@gone.example", first_name="", last_name="")
    other = LeadFactory(organization=lead.organization, custom={"note": "Team:\nana@gone.example"})

    erase(lead)

    other.refresh_from_db()
    assert other.custom == {"note": "Team:\nana@gone.example"}


def test_rows_that_came_in_are_empty_and_still_there(person):
    rows = RawLead.objects.count(), StagedLead.objects.count()

    erase(person.lead)

    assert (RawLead.objects.count(), StagedLead.objects.count()) == rows
    assert RawLead.objects.filter(payload=[], external_id="").count() == 5
    codes = StagedLead.objects.filter(email_normalized="").values_list("status", "problem_code")
    assert sorted(codes) == [("problem", "erased_person"), ("problem", "erased_person"), ("promoted", "")]
    assert not LeadImportPart.objects.exists()


def test_of_what_was_bought_the_number_stays_so_that_it_is_not_bought_again(person):
    erase(person.lead)

    assert ProviderPurchase.objects.values_list("external_id", "status", "payload", "credits").get() == (
        NUMBER, "erased", None, 1,
    )  # fmt: skip


def test_links_made_for_the_person_go_and_others_stay(person):
    erase(person.lead)

    assert list(Link.objects.values_list("url", flat=True)) == ["https://acme.example/demo"]


def test_mails_and_events_go_and_the_campaign_counts_what_it_still_has(person):
    erase(person.lead)

    mails = Message.objects.filter(recipient__campaign=person.campaign)
    assert (person.campaign.recipients.count(), mails.count()) == (1, 0)
    counted = Campaign.objects.values_list("total_recipients", "emails_sent", "emails_replied", "active_leads_count")
    assert counted.get(pk=person.campaign.pk) == (1, 0, 0, 1)
    with connection.cursor() as cursor:
        found = [*check_counters(cursor), *check_pairs(cursor), *check_recipients(cursor)]
    assert found == []


def test_the_address_is_known_again_by_its_hash_alone(person):
    organization = person.lead.organization

    erase(person.lead)

    assert erased_among(organization.pk, [NORMAL, OLD, BESIDE]) == {NORMAL, OLD}
    assert find_suppression(organization, NORMAL).reason == "erased"
    assert set(Suppression.objects.values_list("address", flat=True)) == {"", "out@acme.example"}
    assert erased_among(OrganizationFactory().pk, [NORMAL]) == set()


def test_the_audit_log_keeps_who_and_why_and_not_whom(person):
    erase(person.lead, reason="Ms Kowalczyk asked for it by letter")

    asked, done = AuditLog.objects.filter(action__startswith="lead.eras").order_by("pk")
    assert (asked.entity_id, asked.reason) == (str(person.lead.pk), "Ms (erased) asked for it by letter")
    assert (done.action, done.entity_name) == ("lead.erased", "")


def test_another_organization_keeps_its_own(person):
    elsewhere = LeadFactory(email=ADDRESS, email_normalized=NORMAL)
    row = RawLead.objects.create(
        lead_import=LeadImportFactory(organization=elsewhere.organization), row_number=2, payload=[NORMAL]
    )

    erase(person.lead)

    row.refresh_from_db()
    assert (Lead.objects.filter(pk=elsewhere.pk).exists(), row.payload) == (True, [NORMAL])


def test_a_second_time_there_is_nobody_to_erase(person):
    erase(person.lead)

    with pytest.raises(NotFound):
        erase(person.lead)


def test_cut_off_in_the_middle_it_is_finished_when_asked_again(person):
    died = []

    def die_once(addresses):
        if not died:
            died.append(addresses)
            raise KeyboardInterrupt
        return 0

    when_erased(die_once)
    with pytest.raises(KeyboardInterrupt):
        erase(person.lead)
    halfway = Lead.objects.filter(pk=person.lead.pk).exists(), erased_among(person.lead.organization_id, [NORMAL])

    erase(person.lead)

    assert halfway == (True, {NORMAL})
    assert mentions() == {}


def test_copies_outside_the_database_are_asked_for_by_every_address(person):
    asked = []
    when_erased(lambda addresses: asked.append(addresses) or 3)

    removed = erase(person.lead)

    assert {NORMAL, OLD} <= asked[0]
    assert removed["mailbox_copies"] == 3


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_while_a_mail_is_in_flight_nobody_is_erased(status):
    lead = LeadFactory()
    recipient = RecipientFactory(lead=lead, campaign__organization=lead.organization)
    MessageFactory(recipient=recipient, in_hand=True, status=status)

    with pytest.raises(DeletionBlocked) as refused:
        erase(lead)

    assert refused.value.details["blockers"][0]["code"] == "mail_in_flight"
    assert (Lead.objects.count(), Suppression.objects.count()) == (1, 0)


@pytest.mark.parametrize("status", ["queued", "running", "stalled"])
def test_while_an_import_is_under_way_nobody_is_erased(person, status):
    number = LeadImportFactory(organization=person.lead.organization, status=status).pk

    with pytest.raises(DeletionBlocked) as refused:
        erase(person.lead)

    assert refused.value.details["blockers"] == [
        {
            "code": "import_active",
            "message": f"Import {number} is under way, and its file may name them: wait for its end, or cancel it.",
        }
    ]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"confirm_name": "somebody"}, WrongAddress),
        ({"reason": " "}, ReasonMissing),
        ({"token": "0" * 32}, StalePreview),
    ],
)
def test_it_has_to_be_confirmed(person, given, refusal):
    with pytest.raises(refusal):
        erase(person.lead, **given)

    assert Lead.objects.filter(pk=person.lead.pk).exists()


def test_the_preview_counts_what_goes_and_changes_nothing(person):
    impact = preview_person(lead=person.lead, now=NOON)

    told = {label: impact.removed[label] for label in ("leads", "recipients", "messages", "events", "rows_emptied")}
    assert told == {"leads": 1, "recipients": 1, "messages": 1, "events": 1, "rows_emptied": 1}
    assert (impact.stays["campaigns_kept"], impact.is_blocked) == (1, False)
