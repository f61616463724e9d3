"""What to look for, read and checked before anything is asked of a provider."""

from collections.abc import Collection, Sequence
from datetime import date

from leads.providers.errors import SourceRefused
from leads.providers.registry import provider_class
from leads.providers.values import Filters, LeadSource, Unmapped

COUNT_MAX = 50_000  # what Apollo shows of one search; more is more than anybody writes to


def read_source(
    *,
    provider: str,
    url: str = "",
    filters: Filters | None = None,
    count: int,
    acknowledged: Collection[str] | None = (),
    today: date,
) -> LeadSource:
    """Up to `count` people by the address of a search page, or by filters, or both (a filter by name counts).

    `acknowledged` names, as `key=value`, each part of the address that cannot be asked and will not count: exactly
    those, so that nobody fetches from a broader search than they think. None leaves that out, to show them first.
    Relative dates of an address (`60_days_ago`) are counted from `today`. SourceRefused for whatever cannot be used.
    """
    check_count(count)
    read, unmapped = provider_class(provider).read(url=url, filters=filters or {}, today=today)
    if acknowledged is not None:
        check_acknowledged(unmapped, acknowledged)
    return LeadSource(provider, read, count, url, unmapped)


def check_count(count: int) -> None:
    """SourceRefused unless so many people can be asked for."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
        raise SourceRefused(
            "bad_count",
            f"{str(count)[:40]} is not a number of leads to fetch.",
            f"Ask for 1 to {COUNT_MAX:,}.",
            {"field": "count"},
        )


def check_acknowledged(unmapped: Sequence[Unmapped], acknowledged: Collection[str]) -> None:
    """SourceRefused unless `acknowledged` names exactly what was not mapped."""
    texts = [each.text for each in unmapped]
    missing = [each for each in unmapped if each.text not in acknowledged]
    strange = sorted(set(acknowledged) - set(texts))
    if missing:
        listed = "; ".join(f"{each.text[:120]} ({each.why.label.lower()})" for each in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise SourceRefused(
            "unmapped_not_acknowledged",
            f"The address holds what cannot be asked of the API, so the search would be broader: {listed}{more}.",
            "Take it out of the search, or acknowledge each of them.",
            {"field": "acknowledged", "unmapped": [each.as_json() for each in unmapped]},
        )
    if strange:
        raise SourceRefused(
            "acknowledged_unknown",
            f"What is acknowledged is not in the address: {'; '.join(text[:120] for text in strange[:5])}.",
            "Look at the preview again and acknowledge what it lists.",
            {"field": "acknowledged", "unmapped": [each.as_json() for each in unmapped]},
        )
