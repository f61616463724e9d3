"""`manage.py help`: our commands, each with what it does; those of Django and of packages by name."""

import shutil
import textwrap

from django.core.management import ManagementUtility, get_commands, load_command_class

NARROWEST = 40  # columns; of a terminal that says it has fewer nothing can be read anyway
SIDE_BY_SIDE = 70  # from so many columns on a name stands beside what it is for
NAMES = 27
GROUPS = {
    "Campaigns": (
        "start_campaign", "schedule_campaign", "unschedule_campaign", "pause_campaign", "resume_campaign",
        "stop_campaign", "archive_campaign", "restore_campaign", "campaign_status", "send_test",
        "automatic_enrollment", "de_enroll", "book_lead", "retry_failed", "decide_uncertain", "delete_campaign",
        "cleanup_jobs", "rollup_stats",
    ),
    "Leads": (
        "import_leads", "fetch_leads", "suppress", "unsuppress", "retention", "forget_old", "export_person",
        "erase_person",
    ),
    "Mail that leaves and comes in": (
        "stop_sending", "resume_sending", "check_sender", "read_mailboxes", "read_mail", "resend_webhooks",
        "push_campaign", "discover_campaigns",
    ),
    "Operations": ("plan", "calendar", "tasks", "metrics"),
    "The installation": (
        "run_web", "run_worker", "run_mailbox", "run_cluster", "tick", "apply_migrations", "verify_schema", "doctor",
        "cleanup_orphans", "verify_audit", "export_audit", "createsuperuser", "changepassword",
        "remove_second_factor", "axes_reset_username", "axes_reset_ip", "axes_reset_ip_username", "axes_reset",
        "axes_reset_logs", "axes_reset_failure_logs", "create_api_key", "revoke_api_key", "rename_service_account",
        "delete_service_account", "erase_organization", "seed_demo", "demo",
    ),
}  # fmt: skip


class CommandLine(ManagementUtility):
    """Django's own, with a list that says what each command is for."""

    def main_help_text(self, commands_only: bool = False) -> str:
        if commands_only:
            return super().main_help_text(commands_only)
        width = max(shutil.get_terminal_size().columns, NARROWEST) - 1
        parts = [f"{self.prog_name} NAME, and {self.prog_name} NAME --help for its options and exit codes."]
        parts += [_group(title, names, width) for title, names in GROUPS.items()]
        ours = {name for names in GROUPS.values() for name in names}
        others = ", ".join(sorted(set(get_commands()) - ours))
        parts.append(f"Django and packages\n{_indented(others, width)}")
        return "\n\n".join(parts)


def _group(title: str, names: tuple[str, ...], width: int) -> str:
    return "\n".join([title, *(_row(name, width) for name in names)])


def _row(name: str, width: int) -> str:
    if width < SIDE_BY_SIDE:
        return f"  {name}\n{_indented(_purpose(name), width)}"
    return _indented(_purpose(name), width, first=f"  {name}".ljust(NAMES), others=" " * NAMES)


def _purpose(name: str) -> str:
    """What it does: the beginning of what `--help` says."""
    said = load_command_class(get_commands()[name], name).help
    return said.partition(". ")[0].partition("; ")[0].rstrip(".")


def _indented(text: str, width: int, *, first: str = " " * 6, others: str = " " * 6) -> str:
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
