"""What a person's address costs: people are asked for in tens, and told apart by who they are, never by their place.

The answer may have them in another order, fewer of them, nothing in the place of one, one twice, or one under a new id.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from campaigns_project.errors import Refused
from leads.providers.apollo.client import ApolloClient
from leads.providers.apollo.mapping import without_placeholders
from leads.providers.base import Purchases
from leads.providers.errors import LostAnswer
from leads.providers.values import Bought

AT_ONCE = 10  # more is refused
FOUND, MISSING, UNCLEAR = "found", "missing", "unclear"
THOUSANDTH = Decimal("0.001")


def buy(client: ApolloClient, purchases: Purchases, people: Mapping[str, Mapping[str, Any]]) -> dict[str, Bought]:
    """Ask for up to ten people, by id with what the search said of each. Noted before the call and after.

    Whatever is raised has left the journal true: as if never asked where nothing was bought, else unclear.
    """
    ids = list(people)
    purchases.ask(ids)
    try:
        answer = client.buy(
            "people/bulk_match", {"details": [{"id": each} for each in ids]}, {"reveal_personal_emails": "false"}
        )
        matches = _matches(answer)
    except LostAnswer:
        purchases.lose(ids)
        raise
    except Refused:
        purchases.take_back(ids)
        raise
    bought = _bought(people, matches, _credits(answer))
    purchases.answer(bought)
    return bought


def _matches(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    matches = answer.get("matches")
    if not isinstance(matches, list):
        raise LostAnswer(
            "provider_answer_unreadable", "What Apollo answered to people/bulk_match has no matches.", "It may pass."
        )
    return [each for each in matches if isinstance(each, dict)]


def _credits(answer: Mapping[str, Any]) -> Decimal | None:
    """As Apollo counted, which may be a fraction; None where it does not say."""
    said = answer.get("credits_consumed")
    return Decimal(str(said)) if isinstance(said, int | float) and not isinstance(said, bool) else None


def _bought(
    people: Mapping[str, Mapping[str, Any]], matches: Sequence[dict[str, Any]], consumed: Decimal | None
) -> dict[str, Bought]:
    found, strangers = _told_apart(people, matches)
    # Somebody came of whom nobody can say who it is: one of those without an answer may have been paid for.
    otherwise = UNCLEAR if strangers else MISSING
    statuses = {each: FOUND if each in found else otherwise for each in people}
    shares = _shares(statuses, consumed)
    return {
        each: Bought(
            status, without_placeholders(found[each]) if status == FOUND else None, shares.get(each, Decimal(0))
        )
        for each, status in statuses.items()
    }


def _told_apart(
    people: Mapping[str, Mapping[str, Any]], matches: Sequence[dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """The match of each person, and those that are nobody's."""
    found: dict[str, dict[str, Any]] = {}
    others = []
    for match in matches:
        if match.get("id") not in people:
            others.append(match)
        elif match["id"] not in found or not found[match["id"]].get("email"):
            found[match["id"]] = match
    strangers = []
    for match in others:
        same = [each for each, person in people.items() if each not in found and _is_same(person, match)]
        if len(same) == 1:
            found[same[0]] = match
        else:
            strangers.append(match)
    return found, strangers


def _is_same(person: Mapping[str, Any], match: Mapping[str, Any]) -> bool:
    """Whether they are one person under two ids, as after Apollo has merged two: by LinkedIn, else name and company."""
    one, other = _profile(person), _profile(match)
    if one and other:
        return one == other
    company = _name(person.get("organization"), "name")
    return (
        bool(company)
        and company == _name(match.get("organization"), "name")
        and bool(_name(person, "first_name"))
        and _name(person, "first_name") == _name(match, "first_name")
        and _is_last_name(person, _name(match, "last_name"))
    )


def _is_last_name(person: Mapping[str, Any], name: str) -> bool:
    """The search shows the last name whole, or as “Lo***e”."""
    whole, hidden = _name(person, "last_name"), _name(person, "last_name_obfuscated")
    if whole or "*" not in hidden:
        return bool(name) and name == (whole or hidden)
    return name.startswith(hidden.partition("*")[0]) and name.endswith(hidden.rpartition("*")[2])


def _profile(person: Mapping[str, Any]) -> str:
    url = person.get("linkedin_url")
    return urlsplit(url).path.rstrip("/").lower() if isinstance(url, str) and url.isprintable() else ""


def _name(holder: Any, key: str) -> str:
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return value.strip().lower() if isinstance(value, str) else ""


def _shares(statuses: Mapping[str, str], consumed: Decimal | None) -> dict[str, Decimal]:
    """What each has cost, so that the sum is what Apollo counted; one a person found where it does not say."""
    for wanted in (FOUND, UNCLEAR, MISSING):
        payers = [each for each, status in statuses.items() if status == wanted]
        if payers:
            break
    total = consumed if consumed is not None else Decimal(len(payers) if wanted != MISSING else 0)
    share = (total / len(payers)).quantize(THOUSANDTH)
    return dict.fromkeys(payers[1:], share) | {payers[0]: total - share * (len(payers) - 1)}
