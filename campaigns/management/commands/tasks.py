from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import OperatorTask, TaskKind, TaskStatus
from campaigns.ops.switch import require_operations
from campaigns.ops.tasks import add_task, complete_task
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand, moment
from campaigns_project.errors import NotFound, Refused

MOST = 200  # lines; a longer list is for the API


class Command(FairleadCommand):
    help = (
        "Tasks of operators: list them, add one, mark one done. Exit codes: 0; 2 what was asked makes no sense; 3 no "
        "such organization, task, campaign or member; 4 it is done already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True, metavar="list|add|done")
        listing = ways.add_parser("list", help="what is not done, the most urgent first")
        listing.add_argument("--for", dest="assignee", metavar="EMAIL", help="only this person's")
        listing.add_argument("--overdue", action="store_true", help="only those whose hour has passed")
        adding = ways.add_parser("add", help="a new one, on top of “To do”")
        adding.add_argument("title", metavar="TITLE", help="what is to be done")
        adding.add_argument("--kind", choices=TaskKind.values, default=TaskKind.OTHER)
        adding.add_argument("--due", type=moment, metavar="TIME", help="e.g. 2026-12-01T09:00")
        adding.add_argument("--for", dest="assignee", metavar="EMAIL", help="a member of the organization")
        adding.add_argument("--campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        adding.add_argument("--dry-run", action="store_true", help="only say what would be added")
        done = ways.add_parser("done", help="it is done")
        done.add_argument("task", type=int, metavar="NUMBER")
        done.add_argument("--dry-run", action="store_true", help="only say what would be done")
        for way in (listing, adding, done):
            way.add_argument("--organization", required=True, metavar="SLUG")
            way.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        require_operations()
        organization = find_organization(options["organization"])
        shown = getattr(self, f"_{options['way']}")(organization, options)
        if options["json"]:
            told = {"dry_run": options["dry_run"]} if "dry_run" in options else {}
            self.print_json("tasks", **told, tasks=[_told(task) for task in shown])
            return
        for task in shown:
            due = timezone.localtime(task.due_at).strftime("%Y-%m-%d %H:%M") if task.due_at else "no hour"
            who = f" ({task.assignee})" if task.assignee else ""
            self.stdout.write(f"{task.pk or 'new':>6}  {task.get_status_display():<8} {due:<16}  {task.title}{who}")
        if not shown:
            self.say("Nothing is to do.")

    def _list(self, organization: Organization, options: dict[str, Any]) -> list[OperatorTask]:
        rows = OperatorTask.objects.living().for_organization(organization).undone().select_related("assignee")
        if options["assignee"]:
            rows = rows.filter(assignee=_member(organization, options["assignee"]))
        if options["overdue"]:
            rows = rows.overdue(timezone.now())
        return list(rows.order_by("due_at", "pk")[:MOST])

    def _add(self, organization: Organization, options: dict[str, Any]) -> list[OperatorTask]:
        asked: dict[str, Any] = {"title": options["title"], "kind": options["kind"], "due_at": options["due"]}
        if options["assignee"]:
            asked["assignee"] = _member(organization, options["assignee"])
        if options["campaign"]:
            asked["campaign"] = find_campaign(options["campaign"])
        if options["dry_run"]:
            return [OperatorTask(organization=organization, **asked)]
        return [add_task(organization=organization, author=None, actor=Actor.of_command("tasks"), **asked)]

    def _done(self, organization: Organization, options: dict[str, Any]) -> list[OperatorTask]:
        task = OperatorTask.objects.living().for_organization(organization).filter(pk=options["task"]).first()
        if task is None:
            raise NotFound("task_not_found", f"There is no task {options['task']} in “{organization}”.")
        if options["dry_run"]:
            return [task]
        return [complete_task(task=task, actor=Actor.of_command("tasks"), now=timezone.now())]


def _member(organization: Organization, email: str) -> User:
    found = User.objects.filter(memberships__organization=organization, email=email.strip().lower()).first()
    if found is None:
        raise Refused("assignee_not_a_member", f"“{email}” is no member of “{organization}”.", "Name one of them.")
    return found


def _told(task: OperatorTask) -> dict[str, Any]:
    return {
        "id": task.pk,
        "title": task.title,
        "kind": task.kind,
        "column": TaskStatus(task.status),
        "due_at": task.due_at,
        "assignee": task.assignee.email if task.assignee else None,
        "campaign": task.campaign_id,
        "lead": task.lead_id,
    }
