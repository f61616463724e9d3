"""Words as they are compared: without what does not tell."""

import unicodedata


def folded(text: str) -> str:
    """The letters and digits of a text: `E-mail Address`, `EMAIL_ADDRESS` and `Émail address` are one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalnum())
