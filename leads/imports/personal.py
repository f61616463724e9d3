"""One person told by names and values instead of the cells of a row; the same rules hold."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from leads.imports.checking import GoodRow, ready
from leads.imports.fields import OF_A_PERSON, is_custom
from leads.imports.matching import Columns
from leads.imports.reading import Row
from leads.imports.rules import Problem, RowError
from leads.imports.validating import RowValidator
from leads.models import Verification


def clean_person(number: int, given: Mapping[str, Any]) -> GoodRow:
    """The values of a person by our names of fields, `custom.NAME`, `full_name`, `verification`, `is_catch_all`.

    None and empty texts are nothing. Raises RowError for what can be no lead, with the name in place of a column, and
    ValueError for a name that is none of ours.
    """
    told = {name: value for name, value in given.items() if value not in (None, "")}
    verification = Verification(told.pop("verification", Verification.UNKNOWN))
    is_catch_all = bool(told.pop("is_catch_all", False))
    names = ("email", *(name for name in told if name != "email"))
    found = _validator(names).check(Row(number, [str(told.get(name, "")) for name in names]))
    if isinstance(found, Problem):
        raise RowError(found.code, found.column, found.message)
    return ready(found, verification=verification.value, is_catch_all=is_catch_all)


@lru_cache(maxsize=256)
def _validator(names: tuple[str, ...]) -> RowValidator:
    unknown = [name for name in names if name not in OF_A_PERSON and not is_custom(name)]
    if unknown:
        raise ValueError(f"A lead has no field called {', '.join(unknown)}.")
    return RowValidator(Columns(names, names))
