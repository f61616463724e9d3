"""By what a person is known: every address we ever had of them, and how it is looked for in texts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from campaigns.models import Recipient
from leads.addresses import stored_form
from leads.models import Lead, LeadAlias, LeadChange

ERASED = "(erased)"  # in the place of an address
_APART = r"(?<![a-z0-9._%+\-])"
# In JSON, what follows an odd number of backslashes is no letter of the text: behind an even one it is.
_ESCAPING = r"[^\\](?:\\\\)*\\"
_APART_IN_JSON = rf"(?:{_APART}(?<!{_ESCAPING})|(?<={_ESCAPING}(?:[bfnrt]|u[0-9a-f]{{4}})))"


@dataclass(frozen=True)
class Traces:
    """The addresses of one person: `normalized` as they are compared by, `written` in all forms texts may have."""

    normalized: tuple[str, ...]
    written: tuple[str, ...]

    @property
    def likes(self) -> list[str]:
        """For LIKE ANY over a lower-cased text: what may mention the person. `pattern` decides."""
        return [f"%{_escaped(address)}%" for address in self.written]

    @property
    def pattern(self) -> str:
        """A regular expression, of Postgres and of ours: one of the addresses, and not as a part of somebody else's."""
        return f"{_APART}{self._either}"

    @property
    def pattern_in_json(self) -> str:
        """The same for a JSON as text, where a line break before the address stands as a letter behind a backslash."""
        return f"{_APART_IN_JSON}{self._either}"

    @property
    def _either(self) -> str:
        either = "|".join(re.escape(address) for address in self.written)
        return rf"({either})(?![a-z0-9\-]|\.[a-z0-9])"


def traces_of(lead: Lead) -> Traces:
    """All addresses of `lead`: the present one, earlier ones, those of merged leads, those its mails went to."""
    given = {lead.email, lead.email_normalized, *_others(lead)}
    normalized = {stored_form(address) for address in given}
    written = {address.lower() for address in given} | normalized
    # In links: all of it encoded, or all but one of the signs that programs differ about.
    in_links = {quote(address, safe=left).lower() for address in written for left in ("", "@", "+")}
    return Traces(tuple(sorted(normalized)), tuple(sorted(written | in_links)))


def _others(lead: Lead) -> Iterator[str]:
    yield from LeadAlias.objects.filter(lead=lead).values_list("email_normalized", flat=True)
    yield from Recipient.objects.filter(lead=lead).values_list("email_address", flat=True)
    changes = LeadChange.objects.filter(lead=lead, changes__has_key="email")
    for values in changes.values_list("changes__email", flat=True):
        yield from _texts(values)


def _texts(values: object) -> Iterable[str]:
    found = values if isinstance(values, list) else [values]
    return [value for value in found if isinstance(value, str) and "@" in value]


def _escaped(address: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", address)
