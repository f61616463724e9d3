"""Things of two catalogues side by side."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from campaigns_project.verification.catalogue import Catalogue

SPEAKING = 300  # characters of a definition that a finding shows


class Pair(NamedTuple):
    """One name: how it should be, and how it is. An empty entry stands for one that is not there."""

    name: str
    expected: dict[str, Any]
    found: dict[str, Any]

    @property
    def is_missing(self) -> bool:
        return not self.found

    @property
    def is_unexpected(self) -> bool:
        return not self.expected

    def differs(self, *attributes: str) -> bool:
        """Whether it is on both sides, and one of these is not the same."""
        if self.is_missing or self.is_unexpected:
            return False
        return any(self.expected[each] != self.found[each] for each in attributes)


def pairs(kind: str, expected: Catalogue, live: Catalogue) -> Iterator[Pair]:
    """Everything of a kind that stands on a table both sides have, by name."""
    shared = expected["tables"].keys() & live["tables"].keys()
    for name in sorted(expected[kind].keys() | live[kind].keys()):
        pair = Pair(name, expected[kind].get(name, {}), live[kind].get(name, {}))
        if (pair.expected or pair.found)["table"] in shared:
            yield pair


def short(text: str) -> str:
    """A definition, cut where it gets long."""
    return text if len(text) <= SPEAKING else f"{text[:SPEAKING]} …"
