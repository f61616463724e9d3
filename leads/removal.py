"""Taking leads out of the system, as long as nothing that counts on them is left."""

from collections.abc import Callable, Collection, Iterable

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from leads.models import Lead

# What keeps a lead. Upper apps put their part in here when they get ready, since leads know nothing of campaigns: the
# refusal to give, or None.
Keeps = Callable[[Lead], Refused | None]
_keeps: list[Keeps] = []
# The same of many: those of the given keys that are kept, for what the word says.
KeepsAmong = Callable[[Collection[int]], Iterable[int]]
_keeps_among: dict[str, KeepsAmong] = {}


def while_kept(check: Keeps) -> None:
    """Have `check` asked before a lead is removed."""
    if check not in _keeps:
        _keeps.append(check)


def kept_in_numbers(word: str, among: KeepsAmong) -> None:
    """Have `among` asked before leads are removed by the thousand; `word` says why: `in_campaign`, `worked_on`."""
    _keeps_among[word] = among


def kept_among(ids: Collection[int]) -> dict[str, set[int]]:
    """Which of the leads are kept, by the word for why; a lead may be under several."""
    return {word: set(among(ids)) for word, among in _keeps_among.items()}


@transaction.atomic
def remove_lead(*, lead: Lead, actor: Actor) -> None:
    """Delete a lead; suppressions of its address stay. Refused while something still counts on it."""
    # The row first: an enrollment that is under way holds it by its foreign key, and is then seen by the checks.
    Lead.objects.select_for_update().get(pk=lead.pk)
    for check in _keeps:
        refusal = check(lead)
        if refusal is not None:
            raise refusal
    record(action="lead.deleted", entity=lead, organization_id=lead.organization_id, actor=actor)
    lead.delete()
