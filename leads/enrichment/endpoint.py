"""One question to an endpoint that speaks OpenAI's chat completions, with its retries."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from campaigns_project.errors import Refused
from campaigns_project.outbound_http import Answer, NoAnswer, exchange
from campaigns_project.retry_after import retry_after
from leads.enrichment.errors import EndpointRefused, EnrichmentRefused

TIMEOUT = 60.0  # seconds for one answer; large models take their time
TRIES = 3
FIRST_WAIT = 1.0  # seconds before the second try, doubled before the third
LONGEST_WAIT = 20.0  # a worker does not sleep longer; who asks for more is asked for the next lead
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_MOST_SHOWN = 200
MOST_BYTES = 1_000_000  # of one answer; the texts in it are held to a fraction of that
MEND = "Check the address and the model of the profile."


class Said(NamedTuple):
    """The text of the answer, and the model that says it gave it."""

    text: str
    model: str


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, which model, and with which key; sees no models and no settings of ours."""

    url: str
    model: str
    api_key: str
    seconds: float = TIMEOUT

    def ask(self, messages: list[dict[str, str]]) -> Said:
        """The model's answer. EndpointRefused where there is none after TRIES, EnrichmentRefused for one that says
        nothing; the key is in no message."""
        body = {
            "model": self.model,
            "messages": messages,
            "temperature": 0,
            "response_format": {"type": "json_object"},
        }
        answer = self._tried(body)
        if answer.status == 400 and b"response_format" in answer.body:
            # Not every endpoint offers it; the rules in the prompt say the same.
            answer = self._tried({name: value for name, value in body.items() if name != "response_format"})
        if answer.status != 200:
            raise self._refusal(answer)
        return _said(answer.body, self.model)

    def _tried(self, body: Mapping[str, Any]) -> Answer:
        wait = FIRST_WAIT
        for is_last in [False] * (TRIES - 1) + [True]:
            try:
                answer = self._posted(body)
            except NoAnswer as error:
                if is_last:
                    raise EndpointRefused("endpoint_silent", f"No answer of the endpoint: {error.why}.", MEND) from None
            else:
                asked_for = retry_after(answer.headers.get("Retry-After", ""), now=datetime.now(UTC))
                seconds = asked_for.total_seconds() if asked_for else 0.0
                if answer.status not in _AGAIN or is_last or seconds > LONGEST_WAIT:
                    return answer
                wait = max(wait, seconds)
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        raise AssertionError("the last try returns or raises")

    def _posted(self, body: Mapping[str, Any]) -> Answer:
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        headers = {"Accept": "application/json", **key}
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            return exchange("POST", address, headers=headers, json=body, seconds=self.seconds, most_bytes=MOST_BYTES)
        except Refused as error:  # an address that is not allowed, or a name that DNS does not know
            raise EndpointRefused("endpoint_not_allowed", error.message, error.hint) from None

    def _refusal(self, answer: Answer) -> EndpointRefused:
        told = self._told(answer.body)
        if answer.status in {401, 403}:
            message = f"The endpoint refused the key ({answer.status}). {told}".strip()
            return EndpointRefused("endpoint_key_refused", message, "Give the profile a key that is good for it.")
        message = f"The endpoint answered {answer.status}. {told}".strip()
        return EndpointRefused("endpoint_refused", message, MEND)

    def _told(self, content: bytes) -> str:
        """What the endpoint says is wrong, shortened; some repeat the key there, which is nobody's business."""
        try:
            error = json.loads(content)["error"]
            text = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        if self.api_key:
            text = text.replace(self.api_key, "…")
        return " ".join(text.split())[:_MOST_SHOWN]


def _said(content: bytes, asked: str) -> Said:
    try:
        answer = json.loads(content)
        text, model = answer["choices"][0]["message"]["content"], answer.get("model") or asked
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        message = "The endpoint answered something that is no chat completion."
        raise EndpointRefused(
            "endpoint_not_understood", message, "Check the address: it ends in /v1 as a rule."
        ) from None
    if not isinstance(text, str) or not text.strip():
        raise EnrichmentRefused("answer_empty", "The model answered nothing.", "Try another model or prompt.")
    return Said(text, str(model)[:120])
