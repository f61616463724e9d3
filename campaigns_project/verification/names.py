"""Names as SQL takes them."""


def quoted(name: str) -> str:
    """An identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant; without backslash escapes, as Postgres reads it by default."""
    return "'" + text.replace("'", "''") + "'"
