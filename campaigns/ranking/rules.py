"""The rules of a ranking: what a segment could ask, and the points that a yes is worth."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from campaigns.errors import StateConflict
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.protection import NOT_KEPT
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from leads.segments.errors import RuleCode, RuleRefused
from leads.segments.naming import check_names, names_in
from leads.segments.reading import Group, Rule, Rules, read_rules

MOST_RULES = 20
MOST_POINTS = 1_000
ASKED = ("field", "operator", "value")
NOT_RANKED = frozenset({"email"})  # reasons are kept in words beside the score: no address belongs there


@dataclass(frozen=True)
class PointRule:
    """One question about a lead; `points` (which may be less than nothing) are added where the answer is yes."""

    rule: Rule
    points: int

    def as_json(self) -> dict[str, Any]:
        """The form it is stored in."""
        asked = self.rule
        return {"field": asked.field.name, "operator": asked.operator, "value": asked.value, "points": self.points}


def read_point_rules(raw: Any) -> list[PointRule]:
    """The rules in `raw`, a list of {"field", "operator", "value", "points"}; RuleRefused with code and place."""
    if not isinstance(raw, list):
        raise RuleRefused(RuleCode.RULES_MALFORMED, "", "This is not a list of rules.", "See docs/segments.md.")
    if len(raw) > MOST_RULES:
        raise RuleRefused(RuleCode.RULES_TOO_MANY, "", f"There are more than {MOST_RULES} rules.")
    read = [_point_rule(each, f"/{number}") for number, each in enumerate(raw)]
    for number, each in enumerate(read):
        if any(other.rule == each.rule for other in read[:number]):
            raise RuleRefused(RuleCode.RULES_MALFORMED, f"/{number}", "The same question stands there twice.")
    return read


@transaction.atomic
def set_ranking_rules(*, campaign: Campaign, rules: Any, actor: Actor) -> list[PointRule]:
    """Give `campaign` exactly these rules; its ranking stays as it is until it is made anew."""
    read = read_point_rules(rules)
    for number, each in enumerate(read):
        with _placed(f"/{number}"):
            check_names(campaign.organization_id, as_rules([each]))
    current = Campaign.objects.living().select_for_update(no_key=True).filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateConflict("rank", current.status)
    Campaign.objects.filter(pk=campaign.pk).update(ranking_rules=[each.as_json() for each in read])
    record(
        action="campaign.ranking_rules_set",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"ranking_rules": NOT_KEPT, "number": len(read)},
    )
    return read


def told(organization_id: int, rules: Sequence[PointRule]) -> list[str]:
    """Each rule in words, in their order."""
    names = names_in(organization_id, as_rules(rules))
    return [_told(each.rule, names) for each in rules]


def as_rules(rules: Sequence[PointRule]) -> Rules:
    """The questions alone, for what is common to all questions."""
    return Rules("any", (Group("any", tuple(each.rule for each in rules)),)) if rules else Rules()


def _told(rule: Rule, names: Any) -> str:
    model = rule.field.model()
    return rule.field.told(rule.operator, rule.value, names[model] if model is not None else {})


def _point_rule(raw: Any, path: str) -> PointRule:
    if not isinstance(raw, dict) or set(raw) - {*ASKED, "points"}:
        message = "A rule is an object of field, operator, value and points."
        raise RuleRefused(RuleCode.RULES_MALFORMED, path, message)
    points = raw.get("points")
    if not isinstance(points, int) or isinstance(points, bool) or not 0 < abs(points) <= MOST_POINTS:
        message = f"Points are a whole number from -{MOST_POINTS:,} to {MOST_POINTS:,}, and not 0."
        raise RuleRefused(RuleCode.BAD_VALUE, f"{path}/points", message)
    if raw.get("field") in NOT_RANKED:
        raise RuleRefused(RuleCode.UNKNOWN_FIELD, f"{path}/field", f"Nobody is ranked by {raw['field']}.")
    return PointRule(_asked({name: raw[name] for name in ASKED if name in raw}, path), points)


def _asked(raw: dict[str, Any], path: str) -> Rule:
    with _placed(path):
        return next(iter(read_rules({"groups": [{"rules": [raw]}]})))


@contextmanager
def _placed(path: str) -> Iterator[None]:
    """Tell the place of a rule in this list, where segments would have it in a group."""
    try:
        yield
    except RuleRefused as refused:
        place = refused.path.replace("/groups/0/rules/0", path, 1)
        raise RuleRefused(RuleCode(refused.code), place, refused.said, refused.hint) from None
