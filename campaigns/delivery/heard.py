"""What both sides said while a session was opened, without what is secret: for whoever has to find out why none was."""

from collections.abc import Iterable

from campaigns.delivery.hiding import HIDDEN, without

MOST_LINES = 60  # a server that says more at EHLO says the rest to nobody
LONGEST_LINE = 300  # characters
_ASKS_FOR_MORE = 334


class Heard:
    """The lines of a conversation: `>` before ours, `<` before the server's; neither before what happened between.

    What is shown in a login is never kept, whatever the server makes of it; `hide` says what else must not be.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._secrets: list[str] = []
        self._is_login = False

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def hide(self, secrets: Iterable[str]) -> None:
        """Leave these out of all that is said from now on."""
        self._secrets += secrets

    def happened(self, what: str) -> None:
        """Something that was no line of either side."""
        self._keep(what)

    def ours(self, line: str) -> None:
        """A command, before it goes out."""
        self._keep(f"> {self._shown(line)}")

    def theirs(self, code: int, lines: Iterable[str]) -> None:
        """A whole answer."""
        for text in lines:
            self._keep(f"< {code} {without(self._secrets, text)}")
        self._is_login = self._is_login and code == _ASKS_FOR_MORE

    def _shown(self, line: str) -> str:
        words = line.split(" ")
        if words[0].upper() == "AUTH":
            self._is_login = True
            return " ".join([*words[:2], HIDDEN] if len(words) > 2 else words)
        return HIDDEN if self._is_login else without(self._secrets, line)

    def _keep(self, text: str) -> None:
        if len(self.lines) < MOST_LINES:
            printable = "".join(letter if letter.isprintable() else " " for letter in text)
            self.lines.append(printable[:LONGEST_LINE])
