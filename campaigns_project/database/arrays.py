"""Many numbers as one parameter of a query."""

from collections.abc import Iterable


def bigints(numbers: Iterable[int]) -> str:
    """`numbers` as the text of a bigint[], for `%s::bigint[]`.

    The driver adapts a list element by element, which for the hundreds of ids of a chunk of mails takes longer than
    the query.
    """
    return f"{{{','.join(map(str, numbers))}}}"
