"""A form of the admin standing open in a tab, which sends what a browser would send of it."""

from collections import defaultdict
from typing import Any

from django.test import Client
from lxml.html import document_fromstring  # type: ignore[import-untyped]


class Tab:
    """The form at `address`, as it was when the tab was opened, or when its last answer came."""

    def __init__(self, client: Client, address: str):
        self.client, self.address = client, address
        self._read(client.get(address))

    def save(self, **typed: Any) -> Any:
        """Type over these fields and save; a value that is None leaves a box unticked. Answers the page that comes."""
        sent = {**self.sent, **typed}
        answer = self.client.post(self.address, {name: value for name, value in sent.items() if value is not None})
        if answer.status_code == 200:
            self._read(answer)
        return answer

    def _read(self, answer: Any) -> None:
        assert answer.status_code == 200, answer
        self.page = answer.content.decode()
        form = next(form for form in document_fromstring(self.page).forms if (form.get("id") or "").endswith("_form"))
        self.sent: dict[str, Any] = defaultdict(list)
        for name, value in form.form_values():
            # As a browser does it, whatever was in the text.
            self.sent[name].append("\r\n".join(value.splitlines()) if isinstance(value, str) else value)
