"""Copies outside the database that are ours to remove, such as mails in the sandbox's mailbox.

Apps above put their part in here when they get ready.
"""

from collections.abc import Callable

# Called with every form of the person's addresses, in lower case; answers how many copies it removed. May be called
# again for what is gone already.
Forget = Callable[[frozenset[str]], int]
_acts: list[Forget] = []


def when_erased(forget: Forget) -> None:
    """Have `forget` called whenever a person is erased."""
    if forget not in _acts:
        _acts.append(forget)


def forget_copies(addresses: frozenset[str]) -> int:
    """Remove all copies; returns how many there were."""
    return sum(forget(addresses) for forget in _acts)
