"""Leads of every sort, and the plain answer to a rule about one of them: what a segment must agree with."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from campaigns.models import Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    LeadImportFactory,
    LeadTagFactory,
    MessageFactory,
    OrganizationFactory,
    RecipientFactory,
    SegmentFactory,
    StepFactory,
    SuppressionFactory,
    TagFactory,
)
from leads.models import Lead

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TITLES = ["", "CTO", "Director of Sales", "director", "Head of IT (CTO)", "VP Sales, EMEA", "50% owner_x"]
COMPANIES = ["", "Acme", "ACME GmbH", "Beta", "Build & Sons"]
DOMAINS = ["acme.example", "beta.example", "gamma.example"]
SIZES = [None, 0, 10, 50, 51, 1000]
AGES = [0, 1, 10, 30, 31, 400]
SIGNS = {"received": "sent_at", "opened": "opened_at", "clicked": "clicked_at", "replied": "replied_at",
         "bounced": "bounced_at"}  # fmt: skip


@dataclass
class People:
    """What was made: leads as plain values, and the rows that rules can name."""

    organization: Any
    leads: dict[int, dict[str, Any]]
    tags: list[int]
    imports: list[int]
    campaigns: list[int]
    segments: list[int]
    suppressed: set[str] = field(default_factory=set)


def make_people(number: int = 40, seed: int = 7) -> People:
    """`number` random leads of one organization, and some of another's that must never show."""
    dice, home = Random(seed), OrganizationFactory()
    tags = [TagFactory(organization=home, name=f"tag {n}") for n in range(3)]
    imports = [LeadImportFactory(organization=home) for _ in range(2)]
    campaigns = [CampaignFactory(organization=home) for _ in range(2)]
    steps = [StepFactory(campaign=campaign) for campaign in campaigns]
    doomed = CampaignFactory(organization=home, deleting_at=NOW)
    LeadFactory(title="CTO", company="Acme")
    suppressed = {"p3@acme.example", "gamma.example"}
    for address in suppressed:
        SuppressionFactory(organization=home, address=address)
    SuppressionFactory(organization=home, address="beta.example", expires_at=NOW - timedelta(days=1))
    SuppressionFactory(organization=home, address="acme.example", campaign_id=campaigns[0].pk)
    people = People(home, {}, [t.pk for t in tags], [i.pk for i in imports], [c.pk for c in campaigns], [], suppressed)
    for place in range(number):
        made = _lead(dice, place, people)
        carried = dice.sample(tags, dice.randint(0, 3))
        for tag in carried:
            LeadTagFactory(lead=made, tag=tag)
        told = [_recipient(dice, made, step) for step in steps if dice.random() < 0.5]
        if dice.random() < 0.3:
            RecipientFactory(campaign=doomed, lead=made, sent_at=NOW, replied_at=NOW)
        people.leads[made.pk] = {**_values(made), "tags": {tag.pk for tag in carried}, "recipients": told}
    vip = {"groups": [{"rules": [{"field": "tag", "operator": "any_of", "value": [tags[0].pk]}]}]}
    acme = {"groups": [{"rules": [{"field": "company", "operator": "is", "value": "acme"}]}]}
    people.segments = [SegmentFactory(organization=home, rules=rules).pk for rules in (vip, acme)]
    return people


def _lead(dice: Random, place: int, people: People) -> Lead:
    made = LeadFactory(
        organization=people.organization,
        email=f"p{place}@{DOMAINS[0] if place == 3 else dice.choice(DOMAINS)}",
        first_name=dice.choice(["", "Ana", "ana", "Bob"]),
        title=dice.choice(TITLES),
        company=dice.choice(COMPANIES),
        company_size=dice.choice(SIZES),
        status=dice.choice(["ok", "bounced", "unsubscribed"]),
        verification=dice.choice(["unknown", "verified", "likely"]),
        is_role=dice.random() < 0.3,
        custom=dice.choice([{}, {"plan": "gold"}, {"plan": "Gold", "area": ""}, {"area": "x"}]),
        lead_import_id=dice.choice([None, *people.imports]),
    )
    Lead.objects.filter(pk=made.pk).update(created_at=NOW - timedelta(days=dice.choice(AGES)))
    return Lead.objects.get(pk=made.pk)


def _values(lead: Lead) -> dict[str, Any]:
    names = ("first_name", "title", "company", "company_size", "status", "verification", "is_role", "custom",
             "lead_import_id", "created_at", "domain")  # fmt: skip
    return {**{name: getattr(lead, name) for name in names}, "email": lead.email_normalized, "id": lead.pk}


def _recipient(dice: Random, lead: Lead, step: Any) -> dict[str, Any]:
    signs = {
        column: NOW - timedelta(days=dice.choice(AGES)) if dice.random() < 0.5 else None for column in SIGNS.values()
    }
    out = {"status": "stopped", "exit_reason": "de_enrolled", "exited_at": NOW} if dice.random() < 0.5 else {}
    made: Recipient = RecipientFactory(campaign=step.campaign, lead=lead, next_step=None, **signs, **out)
    if made.sent_at:
        MessageFactory(recipient=made, step=step, status="sent", sent_at=made.sent_at)
    return {"campaign": step.campaign_id, "is_in": not out, **signs}


def plainly(people: People, rules: dict[str, Any]) -> set[int]:
    """The leads that fit the rules as they are written, worked out one by one."""
    groups, exclude = rules.get("groups", []), rules.get("exclude", [])
    if not groups and not exclude:
        return set()
    return {
        key
        for key, lead in people.leads.items()
        if _all_or_any(rules, [_fits(people, lead, group) for group in groups])
        and not any(_fits(people, lead, group) for group in exclude)
    }


def _fits(people: People, lead: dict[str, Any], group: dict[str, Any]) -> bool:
    return _all_or_any(group, [_answer(people, lead, **rule) for rule in group["rules"]])


def _all_or_any(of: dict[str, Any], answers: list[bool]) -> bool:
    return not answers or (all(answers) if of.get("match", "all") == "all" else any(answers))


def _answer(people: People, lead: dict[str, Any], field: str, operator: str, value: Any = None) -> bool:  # noqa: PLR0911, PLR0912 - one case for each sort of field
    match field:
        case "tag":
            wanted = set(value)
            return {"any_of": bool(wanted & lead["tags"]), "all_of": wanted <= lead["tags"],
                    "none_of": not wanted & lead["tags"]}[operator]  # fmt: skip
        case "segment":
            first, _second = people.segments
            inside = people.tags[0] in lead["tags"] if value == first else lead["company"].lower() == "acme"
            return inside == (operator == "in")
        case "import":
            return (lead["lead_import_id"] == value) == (operator == "is")
        case "is_role":
            return lead["is_role"] == (operator == "is")
        case "suppressed":
            return bool({lead["email"], lead["domain"]} & people.suppressed) == (operator == "is")
        case "status" | "verification":
            return (lead[field] in value) == (operator == "is_any_of")
        case "company_size":
            return _number(lead[field], operator, value)
        case "created_at":
            return _time([lead["created_at"]], operator, value)
        case "last_contacted" | "last_replied":
            column = "sent_at" if field == "last_contacted" else "replied_at"
            return _time([each[column] for each in lead["recipients"] if each[column]], operator, value)
        case "campaign":
            there = [each for each in lead["recipients"] if value in (None, each["campaign"])]
            inside = any(each["is_in"] for each in there) if "active" in operator else bool(there)
            return inside != operator.startswith("not_")
        case _ if field in SIGNS:
            there = [each for each in lead["recipients"] if value in (None, each["campaign"])]
            return any(each[SIGNS[field]] for each in there) == (operator == "in")
        case _ if field.startswith("custom."):
            has = lead["custom"].get(field.removeprefix("custom."))
            return {"is": has == value, "is_not": has != value, "is_empty": has is None,
                    "is_not_empty": has is not None}[operator]  # fmt: skip
        case _:
            return _text(lead[field].lower(), operator, value)


def _text(has: str, operator: str, value: Any) -> bool:
    many = [each.lower() for each in value] if isinstance(value, list) else []
    one = value.lower() if isinstance(value, str) else ""
    has_word = _has_word(has, one)
    return {
        "is": has == one, "is_not": has != one, "is_any_of": has in many, "is_none_of": has not in many,
        "has_word": has_word, "has_no_word": not has_word,
        "has_any_word": any(_has_word(has, each) for each in many),
        "starts_with": has.startswith(one), "is_empty": not has,
        "is_not_empty": bool(has),
    }[operator]  # fmt: skip


def _has_word(has: str, word: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", has))


def _number(has: int | None, operator: str, value: Any) -> bool:
    if operator in {"is_empty", "is_not_empty"}:
        return (has is None) == (operator == "is_empty")
    if has is None:
        return False
    low, high = value if operator == "between" else (value, value)
    return {"is": has == low, "more_than": has > low, "less_than": has < low, "between": low <= has <= high}[operator]


def _time(times: list[datetime], operator: str, value: Any) -> bool:
    if operator in {"ever", "never"}:
        return bool(times) == (operator == "ever")
    edge = (
        NOW - timedelta(days=value)
        if isinstance(value, int)
        else datetime.combine(date.fromisoformat(value), datetime.min.time(), tzinfo=UTC)
    )
    since = any(at >= edge for at in times)
    if operator == "not_for_days":
        return not since
    return since if operator in {"less_than_days_ago", "on_or_after"} else bool(times) and not since
