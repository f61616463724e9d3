"""The one way to say no: a code for programs, a sentence for people, and what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refused(Exception):
    """Bad input or a state that does not allow the act; raised before anything was changed.

    `code` is lower_snake and stable; `message` says what is wrong and where; `hint` says what to do; `details` holds
    what a program may want (counts, rows, allowed actions). `status` is the HTTP answer an edge gives: 400 for bad
    input, 404 for what is not there, 409 for a state that does not allow it.
    """

    status = 400

    def __init__(self, code: str, message: str, hint: str = "", details: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    @property
    def parts(self) -> "Sequence[Refused]":
        """Each thing that is wrong, for an edge that shows it where it belongs."""
        return (self,)


class SeveralRefused(Refused):
    """All that is wrong at once. The first gives the code; `details["problems"]` has them all."""

    def __init__(self, parts: Sequence[Refused]):
        first = parts[0]
        problems = [
            {"code": part.code, "message": part.message, "hint": part.hint, "field": part.details.get("field", "")}
            for part in parts
        ]
        message = " ".join(part.message for part in parts)
        hint = " ".join(dict.fromkeys(part.hint for part in parts if part.hint))
        super().__init__(first.code, message, hint, {**first.details, "problems": problems})
        self._parts = tuple(parts)

    @property
    def parts(self) -> Sequence[Refused]:
        return self._parts


class StateRefused(Refused):
    """The input is fine; the present state of the thing does not allow the act."""

    status = 409


def state_of(current: str, *allowed: str) -> dict[str, Any]:
    """Details of a StateRefused: the state the thing has, and the acts it allows, as addresses call them."""
    return {"current_status": current, "allowed_actions": list(allowed)}


class NotFound(Refused):
    """What was named is not there, or belongs to another organization: the answer is the same."""

    status = 404


class ConditionNotMet(Refused):
    """What was to be changed is not as the request says it is."""

    status = 412


class NotConfirmed(Refused):
    """An act that has to be confirmed was not, or with something else than was asked for."""


class Locked(StateRefused):
    """Somebody else is doing it at this moment."""
