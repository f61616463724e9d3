"""Every kind of drift, seeded into a real database: found under its own id, and mended by the printed statements."""

import json
from typing import NamedTuple

import pytest

from campaigns_project.tests.verification.databases import Lender, one, run
from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.verify import verify


class Drift(NamedTuple):
    """Statements that spoil a clean database, and what must be found then."""

    id: str
    where: str
    seed: tuple[str, ...]
    severity: Severity = Severity.ERROR


def drift(id: str, where: str, *seed: str, severity: Severity = Severity.ERROR):  # noqa: A002
    return pytest.param(Drift(id, where, seed, severity), id=f"{id} {where}")


FUNCTION = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
A_STRAY = "CREATE TABLE campaign_scores (campaign_id bigint)"
BROKEN_INDEX = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass"
RECIPIENTS_FK = "campaign_recipients_campaign_id_7628468c_fk_campaigns_id"
REPLACED_FK = f"ALTER TABLE campaign_recipients DROP CONSTRAINT {RECIPIENTS_FK}"
ANEW = f"ALTER TABLE campaign_recipients ADD CONSTRAINT {RECIPIENTS_FK} FOREIGN KEY (campaign_id) REFERENCES campaigns"
PAST_THE_TRIGGERS = "SET session_replication_role = replica"  # as a restore does it
DEFERRED = "DEFERRABLE INITIALLY DEFERRED"
APPEND_ONLY = "pgtrigger_append_only_91112"

MENDED_BY_STATEMENTS = [
    drift("table_missing", "lead_enrichments", "DROP TABLE lead_enrichments"),
    drift("table_unlogged", "tracking_raw_events", "ALTER TABLE tracking_raw_events SET UNLOGGED"),
    drift("table_row_security", "leads", "ALTER TABLE leads ENABLE ROW LEVEL SECURITY"),
    drift("column_missing", "campaigns.emails_sent", "ALTER TABLE campaigns DROP COLUMN emails_sent"),
    drift("column_type", "campaigns.name", "ALTER TABLE campaigns ALTER COLUMN name TYPE varchar(50)"),
    drift("column_type", "campaigns.priority", "ALTER TABLE campaigns ALTER COLUMN priority TYPE integer"),
    drift("column_null", "campaigns.name", "ALTER TABLE campaigns ALTER COLUMN name DROP NOT NULL"),
    drift("column_null", "campaigns.url", "ALTER TABLE campaigns ALTER COLUMN url DROP NOT NULL"),
    drift("column_default", "campaigns.status", "ALTER TABLE campaigns ALTER COLUMN status SET DEFAULT 'running'"),
    drift("column_default", "campaigns.emails_sent", "ALTER TABLE campaigns ALTER COLUMN emails_sent DROP DEFAULT"),
    drift("column_identity", "campaigns.id", "ALTER TABLE campaigns ALTER COLUMN id DROP IDENTITY"),
    drift("sequence_changed", "campaigns.id", "ALTER SEQUENCE campaigns_id_seq INCREMENT BY 2 CYCLE"),
    drift(
        "primary_key_missing",
        "campaign_usage.campaign_usage_pkey",
        "ALTER TABLE campaign_usage DROP CONSTRAINT campaign_usage_pkey",
    ),
    drift(
        "unique_missing",
        "leads.lead_once_per_organization",
        "ALTER TABLE leads DROP CONSTRAINT lead_once_per_organization",
    ),
    drift(
        "check_missing",
        "campaigns.campaign_status_known",
        "ALTER TABLE campaigns DROP CONSTRAINT campaign_status_known",
    ),
    drift(
        "check_changed",
        "leads.lead_status_known",
        "ALTER TABLE leads DROP CONSTRAINT lead_status_known",
        "ALTER TABLE leads ADD CONSTRAINT lead_status_known CHECK (status <> '')",
    ),
    drift("foreign_key_missing", f"campaign_recipients.{RECIPIENTS_FK}", REPLACED_FK),
    drift(
        "foreign_key_name",
        f"campaign_recipients.{RECIPIENTS_FK}",
        f"ALTER TABLE campaign_recipients RENAME CONSTRAINT {RECIPIENTS_FK} TO of_a_campaign",
        severity=Severity.WARNING,
    ),
    drift("foreign_key_on_delete", f"campaign_recipients.{RECIPIENTS_FK}", REPLACED_FK, f"{ANEW} {DEFERRED}"),
    drift(
        "foreign_key_on_delete",
        f"campaign_recipients.{RECIPIENTS_FK}",
        REPLACED_FK,
        f"{ANEW} ON DELETE SET NULL {DEFERRED}",
    ),
    drift("foreign_key_changed", f"campaign_recipients.{RECIPIENTS_FK}", REPLACED_FK, f"{ANEW} ON DELETE CASCADE"),
    drift(
        "constraint_not_validated",
        f"campaign_recipients.{RECIPIENTS_FK}",
        REPLACED_FK,
        f"{ANEW} ON DELETE CASCADE {DEFERRED} NOT VALID",
    ),
    drift(
        "constraint_not_validated",
        "campaigns.name",
        "ALTER TABLE campaigns ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE campaigns ADD CONSTRAINT has_a_name NOT NULL name NOT VALID",
    ),
    drift(
        "foreign_key_disabled",
        f"campaign_recipients.{RECIPIENTS_FK}",
        "ALTER TABLE campaign_recipients DISABLE TRIGGER ALL",
    ),
    drift("index_missing", "campaign_recipients.recipient_due", "DROP INDEX recipient_due"),
    drift(
        "index_missing", "campaign_recipients.one_active_campaign_per_lead", "DROP INDEX one_active_campaign_per_lead"
    ),
    drift(
        "index_changed",
        "campaigns.campaign_name",
        "DROP INDEX campaign_name",
        "CREATE INDEX campaign_name ON campaigns (name text_pattern_ops)",
    ),
    drift("index_invalid", "campaigns.campaign_name", BROKEN_INDEX.format("campaign_name")),
    drift("index_invalid", "campaigns.campaigns_pkey", BROKEN_INDEX.format("campaigns_pkey")),
    drift("index_invalid", "leads.lead_once_per_organization", BROKEN_INDEX.format("lead_once_per_organization")),
    drift(
        "trigger_missing", f"campaign_tombstones.{APPEND_ONLY}", f"DROP TRIGGER {APPEND_ONLY} ON campaign_tombstones"
    ),
    drift(
        "trigger_disabled",
        f"campaign_tombstones.{APPEND_ONLY}",
        f"ALTER TABLE campaign_tombstones DISABLE TRIGGER {APPEND_ONLY}",
    ),
    drift(
        "trigger_changed",
        f"campaign_tombstones.{APPEND_ONLY}",
        f"CREATE OR REPLACE FUNCTION {APPEND_ONLY}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ),
    drift(
        "function_changed",
        "_pgtrigger_should_ignore(trigger_name name)",
        "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE sql"
        " AS 'SELECT true'",
    ),
    drift(
        "function_missing",
        "_pgtrigger_should_ignore(trigger_name name)",
        "DROP FUNCTION _pgtrigger_should_ignore",
    ),
    drift("rule_unexpected", "campaigns.kept", "CREATE RULE kept AS ON DELETE TO campaigns DO INSTEAD NOTHING"),
    drift(
        "sequence_behind_tombstones",
        "campaigns.id",
        "INSERT INTO campaign_tombstones (id, campaign_slug, name, organization_ref, deleted_by, reason, counts)"
        " VALUES (41, 'gone', 'Gone', 1, 'ana', '', '{}')",
    ),
    drift(
        "sequence_behind_tombstones",
        "organizations.id",
        "INSERT INTO organization_tombstones (id) VALUES (41)",
    ),
    drift(
        "sequence_behind_tombstones",
        "organizations.id",
        "INSERT INTO campaign_tombstones (id, campaign_slug, name, organization_ref, deleted_by, reason, counts)"
        " VALUES (0, 'gone-too', 'Gone', 51, 'ana', '', '{}')",
    ),
    drift(
        "sequence_behind",
        "django_content_type.id",
        "INSERT INTO django_content_type (id, app_label, model) VALUES (900000, 'old', 'thing')",
    ),
    drift(
        "sequence_behind",
        "django_content_type.id",
        "INSERT INTO django_content_type (app_label, model) VALUES ('older', 'thing'), ('older', 'other')",
        "ALTER SEQUENCE django_content_type_id_seq RESTART",
    ),
]

MENDED_BY_A_PERSON = [
    drift("table_unexpected", "notes_of_ana", "CREATE TABLE notes_of_ana (note text)", severity=Severity.WARNING),
    drift("column_unexpected", "leads.score", "ALTER TABLE leads ADD COLUMN score integer", severity=Severity.WARNING),
    drift("column_unexpected", "leads.score", "ALTER TABLE leads ADD COLUMN score integer NOT NULL"),
    drift(
        "constraint_unexpected",
        "leads.short",
        "ALTER TABLE leads ADD CONSTRAINT short CHECK (id < 1000000)",
        severity=Severity.WARNING,
    ),
    drift(
        "foreign_key_blocks",
        "invoices.to_campaign",
        "CREATE TABLE invoices (number int, CONSTRAINT to_campaign FOREIGN KEY (number) REFERENCES campaigns)",
    ),
    drift(
        "foreign_key_blocks",
        "shop.invoices.to_campaign",
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.invoices (number int,"
        " CONSTRAINT to_campaign FOREIGN KEY (number) REFERENCES campaigns ON DELETE RESTRICT)",
    ),
    drift("index_unexpected", "leads.slow", "CREATE INDEX slow ON leads (updated_at)", severity=Severity.WARNING),
    drift(
        "trigger_unexpected",
        "leads.busy",
        FUNCTION,
        "CREATE TRIGGER busy BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION nothing()",
        severity=Severity.WARNING,
    ),
    drift("view_unexpected", "names", "CREATE VIEW names AS SELECT name FROM campaigns", severity=Severity.WARNING),
    drift(
        "stray_campaign_id", "campaign_scores.campaign_id", A_STRAY, "INSERT INTO campaign_scores VALUES (7), (7), (8)"
    ),
    drift(
        "migration_ghost",
        "campaigns",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('campaigns', '0999_later', now())",
        "ALTER TABLE campaigns DROP COLUMN priority",
    ),
    drift(
        "migration_ghost",
        "leads",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('leads', '0002_joined_into_the_first', now())",
        severity=Severity.WARNING,
    ),
    drift(
        "migration_ghost",
        "gone_app",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('gone_app', '0001_initial', now())",
        severity=Severity.WARNING,
    ),
    drift("migration_missing", "tracking", "DELETE FROM django_migrations WHERE app = 'tracking'"),
    drift("orphan_row", "lead_tags.tag_id", PAST_THE_TRIGGERS, "INSERT INTO lead_tags (lead_id, tag_id) VALUES (1, 1)"),
    drift(
        "loose_orphan",
        "raw_leads.campaign_id",
        PAST_THE_TRIGGERS,
        "INSERT INTO raw_leads (lead_import_id, campaign_id, row_number, payload) VALUES (1, 1, 1, '{}')",
    ),
]


def found(alias: str, seeded: Drift) -> Finding:
    """The finding that the drift must give; fails, showing all that was found, where there is none."""
    return the_one(verify(using=alias).findings, seeded)


def the_one(findings: list[Finding], seeded: Drift) -> Finding:
    matching = [each for each in findings if (each.id, each.where) == (seeded.id, seeded.where)]
    assert matching, findings
    return matching[0]


def test_a_database_that_the_migrations_made_has_no_findings(copy: str):
    report = verify(using=copy)

    assert report.findings == []
    assert report.fingerprint == report.expected_fingerprint


@pytest.mark.parametrize("seeded", MENDED_BY_A_PERSON)
def test_drift_is_found_where_it_is_with_what_to_do(copy: str, seeded: Drift):
    run(copy, *seeded.seed)

    finding = found(copy, seeded)

    assert finding.severity == seeded.severity
    assert finding.count >= 1
    assert finding.message
    assert finding.fix


@pytest.mark.parametrize("seeded", MENDED_BY_STATEMENTS)
def test_drift_is_found_where_it_is_and_the_printed_statements_mend_it(lender: Lender, seeded: Drift):
    with lender.lent() as copy:
        run(copy, *seeded.seed)

        findings = verify(using=copy).findings
        for each in findings:
            by_line = "CONCURRENTLY" in each.fix_sql
            run(copy, *(each.fix_sql.splitlines() if by_line else [each.fix_sql]))

        finding = the_one(findings, seeded)
        assert (finding.severity, finding.message != "") == (seeded.severity, True)
        assert verify(using=copy).findings == []


def test_what_an_identity_hands_out_after_it_was_mended_is_above_every_row(copy: str):
    run(
        copy,
        "INSERT INTO django_content_type (id, app_label, model) VALUES (77, 'old', 'thing')",
        "ALTER TABLE django_content_type ALTER COLUMN id DROP IDENTITY",
    )

    (finding,) = verify(using=copy).findings
    run(copy, finding.fix_sql)

    assert one(copy, "INSERT INTO django_content_type (app_label, model) VALUES ('a', 'b') RETURNING id") == 78


def test_a_stray_table_tells_how_many_rows_are_of_campaigns_that_are_gone(copy: str):
    run(copy, A_STRAY, "INSERT INTO campaign_scores SELECT g FROM generate_series(1, 8) g")

    finding = found(copy, Drift("stray_campaign_id", "campaign_scores.campaign_id", ()))

    assert (finding.count, finding.samples) == (8, ["1", "2", "3", "4", "5"])


def test_a_campaign_id_with_a_foreign_key_of_its_own_is_no_stray(copy: str):
    run(copy, "CREATE TABLE scores (campaign_id bigint REFERENCES campaigns ON DELETE CASCADE)")

    assert verify(using=copy).counts == {"table_unexpected": 1}


def test_a_foreign_key_from_another_schema_is_dropped_where_it_is_by_the_printed_statement(copy: str):
    run(copy, "CREATE SCHEMA shop", "CREATE TABLE shop.invoices (number int REFERENCES campaigns)")

    (finding,) = verify(using=copy).findings
    run(copy, finding.fix_sql.removeprefix("-- "))

    assert (finding.id, verify(using=copy).findings) == ("foreign_key_blocks", [])


def test_a_foreign_key_from_another_schema_that_lets_rows_go_is_nothing_to_speak_of(copy: str):
    run(copy, "CREATE SCHEMA shop", "CREATE TABLE shop.invoices (number int REFERENCES campaigns ON DELETE CASCADE)")

    assert verify(using=copy).findings == []


def test_a_session_that_begins_as_a_replica_is_found(copy: str):
    run(copy, f'ALTER DATABASE "{copy}" SET session_replication_role = replica')

    assert verify(using=copy).counts == {"triggers_off": 1}


@pytest.mark.parametrize("setting", ["session_replication_role = replica", "pgtrigger.ignore = '{append_only}'"])
def test_a_role_whose_sessions_begin_without_triggers_is_found_whoever_looks(copy: str, setting: str):
    role = f"careless_{copy}"
    run(copy, f"CREATE ROLE {role}", f'ALTER ROLE {role} IN DATABASE "{copy}" SET {setting}')
    try:
        (finding,) = verify(using=copy).findings
    finally:
        run(copy, f"DROP ROLE {role}")

    assert (finding.id, finding.where) == ("triggers_off", setting.partition(" ")[0])
    assert finding.samples == [f"role {role} in database {copy}"]


def test_a_setting_that_switches_single_triggers_off_is_found(copy: str):
    run(copy, f"ALTER DATABASE \"{copy}\" SET pgtrigger.ignore = '{{append_only}}'")

    (finding,) = verify(using=copy).findings

    assert (finding.id, finding.where, finding.found) == ("triggers_off", "pgtrigger.ignore", "{append_only}")


def test_many_tables_of_another_program_are_one_warning(copy: str):
    run(copy, *(f"CREATE TABLE shop_{number} (id int)" for number in range(7)))

    (finding,) = verify(using=copy).findings

    assert (finding.id, finding.count, len(finding.samples)) == ("table_unexpected", 7, 5)


def test_a_sequence_that_was_set_back_is_found_by_what_an_earlier_report_says_of_it(copy: str):
    """A lead that was deleted is named by the opt-out link in its mails, and by nothing in the database."""
    run(copy, "SELECT setval('leads_id_seq', 70)")
    before = verify(using=copy)
    content = json.dumps(before.as_json()).replace("'", "''")
    run(
        copy,
        "INSERT INTO verification_reports (begun_at, seconds, error_count, warning_count, content)"
        f" VALUES (now(), 1, 0, 0, '{content}')",
        "SELECT setval('leads_id_seq', 7)",
    )

    (finding,) = verify(using=copy).findings
    run(copy, finding.fix_sql)

    assert (finding.id, finding.where, finding.found) == ("sequence_set_back", "leads.id", "next is 8")
    assert one(copy, "SELECT nextval('leads_id_seq')") == 71
    assert (before.findings, verify(using=copy).findings) == ([], [])


def test_a_table_that_is_missing_is_one_finding_and_not_one_for_each_of_its_columns(copy: str):
    run(copy, "DROP TABLE lead_enrichments")

    assert verify(using=copy).counts == {"table_missing": 1}


def test_the_order_in_which_a_set_was_written_down_is_no_drift(copy: str):
    run(
        copy,
        "ALTER TABLE leads DROP CONSTRAINT lead_status_known",
        "ALTER TABLE leads ADD CONSTRAINT lead_status_known CHECK (status IN ('unsubscribed', 'active'))",
    )
    before = {each.found for each in verify(using=copy).findings}
    run(
        copy,
        "ALTER TABLE leads DROP CONSTRAINT lead_status_known",
        "ALTER TABLE leads ADD CONSTRAINT lead_status_known CHECK (status IN ('active', 'unsubscribed'))",
    )

    assert {each.found for each in verify(using=copy).findings} == before


def test_a_schema_that_was_dumped_and_restored_reads_the_same(copy: str):
    """A dump holds what the catalogue says, and Postgres reads some of it in another way than it was first written."""
    anew = one(
        copy,
        "SELECT string_agg(format('ALTER TABLE %s DROP CONSTRAINT %I; ALTER TABLE %s ADD CONSTRAINT %I %s;',"
        " conrelid::regclass, conname, conrelid::regclass, conname, pg_get_constraintdef(oid)), ' ')"
        " FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace",
    )
    indexes = one(
        copy,
        "SELECT string_agg(format('DROP INDEX %s; %s;', indexrelid::regclass, pg_get_indexdef(indexrelid)), ' ')"
        " FROM pg_index WHERE indpred IS NOT NULL AND indrelid::regclass::text NOT LIKE 'pg_%'",
    )

    run(copy, str(anew), str(indexes))

    assert verify(using=copy).findings == []
