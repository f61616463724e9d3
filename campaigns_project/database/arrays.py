"""Many values as one parameter of a query."""

import json
from collections.abc import Hashable, Iterable


def bigints(numbers: Iterable[int]) -> str:
    """`numbers` as the text of a bigint[], for `%s::bigint[]`.

    The driver adapts a list element by element, which for the hundreds of ids of a chunk of mails takes longer than
    the query.
    """
    return f"{{{','.join(map(str, numbers))}}}"


def json_array(values: Iterable[object]) -> str:
    """`values`, such as texts of anything or whole objects, as a JSON array, for `json_array_elements_text(%s)`.

    One text is written, bound and read far sooner than the elements of a list one by one.
    """
    return json.dumps([*values])


def numbered[Kind: Hashable](kinds: Iterable[Kind]) -> dict[Kind, int]:
    """Each kind once with its place from 1, as `WITH ORDINALITY` counts.

    Of many rows nearly all are of a few kinds: those are told once, and of each row the place of its own.
    """
    return {kind: place for place, kind in enumerate(dict.fromkeys(kinds), start=1)}
