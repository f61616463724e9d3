"""What real use needs, in the order in which it is done. What only the outside can tell is asked there on request."""

from datetime import datetime

from campaigns_project.runtime.going_live.made_up import examine_demo, examine_people
from campaigns_project.runtime.going_live.senders import ask_dns, examine_dns, examine_replies, examine_senders
from campaigns_project.runtime.going_live.server import (
    examine_address,
    examine_backup,
    examine_keys,
    examine_reach,
    examine_sandbox,
    examine_tls,
    examine_where_data_is,
)
from campaigns_project.runtime.health.check import Needs, Subject
from campaigns_project.runtime.health.examination import Examination
from campaigns_project.runtime.health.examine import examine
from campaigns_project.runtime.health.workers import examine_workers

SUBJECTS: tuple[Subject, ...] = (
    Subject("address", "Public address", examine_address),
    Subject("tls", "Encryption on the way", examine_tls),
    Subject("reach", "From outside", examine_reach, is_asked_for=True),
    Subject("keys", "Keys", examine_keys),
    Subject("data", "Database", examine_where_data_is),
    Subject("backup", "Backup", examine_backup, Needs.TABLES),
    Subject("people", "People", examine_people, Needs.TABLES),
    Subject("senders", "Senders", examine_senders, Needs.TABLES),
    Subject("dns", "DNS of their domains", examine_dns, Needs.TABLES),
    Subject("replies", "Replies and bounces", examine_replies, Needs.TABLES),
    Subject("workers", "Workers", examine_workers, Needs.TABLES),
    Subject("demo", "Demo data", examine_demo, Needs.TABLES),
    Subject("sandbox", "Sandbox, last of all", examine_sandbox),
)


def examine_going_live(*, now: datetime, asks_outside: bool) -> Examination:
    """Everything on the list; `asks_outside` also calls on PUBLIC_URL and DNS, which takes seconds. Changes nothing.

    A failure is what has to be done before mails go out, a warning what should be, a note what nobody can see here.
    """
    names = [each.name for each in SUBJECTS if asks_outside or not each.is_asked_for]
    found = examine(now=now, only=names, subjects=SUBJECTS)
    if not asks_outside or found.is_cut_short:
        return found
    told = list(ask_dns())  # outside of any transaction
    first = next(place for place, check in enumerate(found.checks) if check.name == "dns")
    others = [check for check in found.checks if check.name != "dns"]
    return Examination(now, [*others[:first], *told, *others[first:]])
