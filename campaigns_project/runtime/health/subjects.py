"""Everything that is examined, in the order in which it is shown. A new subject is one line here."""

from campaigns_project.runtime.health.audit import examine_audit
from campaigns_project.runtime.health.check import Needs, Subject
from campaigns_project.runtime.health.clocks import examine_clocks
from campaigns_project.runtime.health.configuration import examine_settings
from campaigns_project.runtime.health.database import examine_database
from campaigns_project.runtime.health.deploying import examine_deployment
from campaigns_project.runtime.health.inbound import examine_inbound
from campaigns_project.runtime.health.keys import examine_keys
from campaigns_project.runtime.health.mailbox import examine_mailbox
from campaigns_project.runtime.health.migrations import examine_migrations
from campaigns_project.runtime.health.orphans import examine_orphans
from campaigns_project.runtime.health.providers import examine_providers
from campaigns_project.runtime.health.public_url import examine_public_url
from campaigns_project.runtime.health.queue import examine_queue, examine_work
from campaigns_project.runtime.health.schedule import examine_schedule
from campaigns_project.runtime.health.schema import examine_schema
from campaigns_project.runtime.health.senders import examine_halts, examine_senders
from campaigns_project.runtime.health.storage import examine_storage
from campaigns_project.runtime.health.versions import examine_versions
from campaigns_project.runtime.health.webhooks import examine_webhooks
from campaigns_project.runtime.health.workers import examine_workers

SUBJECTS: tuple[Subject, ...] = (
    Subject("settings", "Settings", examine_settings),
    Subject("mailbox", "Local mailbox", examine_mailbox, is_quick=False),
    Subject("database", "Database", examine_database, Needs.DATABASE),
    Subject("migrations", "Migrations", examine_migrations, Needs.DATABASE),
    Subject("schema", "Verification", examine_schema, Needs.TABLES),
    Subject("keys", "Encryption keys", examine_keys, Needs.TABLES, is_quick=False),
    Subject("workers", "Workers", examine_workers, Needs.TABLES),
    Subject("schedule", "Schedule", examine_schedule, Needs.TABLES),
    Subject("queue", "Queue", examine_queue, Needs.TABLES),
    Subject("work", "Work", examine_work, Needs.TABLES),
    Subject("senders", "Senders", examine_senders, Needs.TABLES),
    Subject("sending", "Emergency stops", examine_halts, Needs.TABLES),
    Subject("clocks", "Time zones", examine_clocks, Needs.TABLES, is_quick=False),
    Subject("providers", "Lead providers", examine_providers, Needs.TABLES),
    Subject("webhooks", "Webhooks", examine_webhooks, Needs.TABLES),
    Subject("inbound", "Inbound mail", examine_inbound, Needs.TABLES),
    Subject("orphans", "Orphans", examine_orphans, Needs.TABLES),
    Subject("audit", "Audit log", examine_audit, Needs.TABLES),
    Subject("storage", "Storage", examine_storage),
    Subject("deploy", "Deployment", examine_deployment),
    Subject("public_url", "Public address", examine_public_url, is_quick=False, is_asked_for=True),
    Subject("versions", "Versions", examine_versions),
)
