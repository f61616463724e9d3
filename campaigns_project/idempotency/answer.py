"""What a request was answered, as far as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`headers` are those that say something of this answer; `body` is None where it is not to be kept: a file."""

    status: int
    headers: Mapping[str, str]
    body: str | None
