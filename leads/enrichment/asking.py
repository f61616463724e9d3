"""One person: the question, the answer, and what became of it. No database."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns_project.errors import Refused
from leads.enrichment.answers import read_answer
from leads.enrichment.endpoint import Endpoint
from leads.enrichment.errors import EndpointRefused
from leads.enrichment.people import as_texts
from leads.enrichment.prompts import Prompt, messages


@dataclass(frozen=True)
class Outcome:
    """What the model said, by field, or why there is nothing; `seconds` by the clock on the wall.

    `is_endpoint` is true where the endpoint failed and not the question: the next one would fail the same way.
    """

    values: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    error_code: str = ""
    error_message: str = ""
    is_endpoint: bool = False
    prompt: str = ""
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.error_code


def ask(*, endpoint: Endpoint, prompt: Prompt, known: Mapping[str, Any], wanted: Sequence[str]) -> Outcome:
    """Have the endpoint fill `wanted` from what is `known`; whatever goes wrong is in the outcome."""
    began, question, model = time.monotonic(), "", endpoint.model
    try:
        asked = messages(prompt, as_texts(known), wanted)
        question = asked[-1]["content"]
        said = endpoint.ask(asked)
        model = said.model
        return Outcome(read_answer(said.text, wanted), model, prompt=question, seconds=time.monotonic() - began)
    except Refused as refused:
        return Outcome(
            model=model,
            error_code=refused.code,
            error_message=str(refused),
            is_endpoint=isinstance(refused, EndpointRefused),
            prompt=question,
            seconds=time.monotonic() - began,
        )
