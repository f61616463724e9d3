"""What a template written by an operator may cost, checked where python-liquid has no limit of its own.

Measured against python-liquid 2.3.6: `loop_iteration_limit` multiplies nested loops but forgets loops one after
another; `(1..99999999) reversed` is made a list before any limit is asked; `replace` and `join` build their result
before its size is known; its lexer and `raw` blocks take quadratic time on a delimiter that is never closed. So the
source is checked before the lexer sees it, and a render counts its steps. Steps, not seconds: the same template and
values always give the same answer, on a busy machine too.
"""

import re
from dataclasses import dataclass

from campaigns.content.errors import TemplateInvalid

MAX_SOURCE = 250_000  # characters; mail programs cut a mail off at about 100 KB
MAX_OUTPUT = 1_000_000  # bytes
MAX_VALUE = 200_000  # characters in any one value on the way
MAX_TAGS = 1_000  # {{ }} and {% %} together
MAX_TAG_LENGTH = 1_000  # characters between the delimiters: the lexer is quadratic in this
MAX_TAG_CHARACTERS = 30_000  # in all tags together; parsing takes about 3 us for each
MAX_BLANKS = 40  # in a row inside a tag, for the same reason
MAX_NESTING = 12
MAX_RANGE = 1_000  # (1..n)
MAX_STEPS = 50_000  # at about 1 us each; a mail with a loop over ten things takes a few hundred

ALLOWED_TAGS = frozenset(
    {"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase"}
    | {"for", "break", "continue", "endfor", "cycle"}
    | {"assign", "capture", "endcapture", "echo", "comment", "endcomment", "#"}
)
_OPENING = re.compile(r"\{\{|\{%")
_TAG_NAME = re.compile(r"-?\s*(#|\w*)")
_BLANKS = re.compile(rf"\s{{{MAX_BLANKS + 1}}}")


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What one pass over the template may cost at most, in steps: the price of each turn of a loop."""

    per_pass: int


def check_source(source: str) -> SourceCost:
    """Refuse a source that would be dear to lex or uses a tag that is not allowed; linear in its length."""
    if len(source) > MAX_SOURCE:
        raise TemplateInvalid(f"it has {len(source):,} characters, more than {MAX_SOURCE:,}", line=1)
    count = inside = position = 0
    while opening := _OPENING.search(source, position):
        body = _tag_body(source, opening)
        _check_tag(source, opening, body)
        count, inside = count + 1, inside + len(body)
        if count > MAX_TAGS or inside > MAX_TAG_CHARACTERS:
            reason = f"it has more than {MAX_TAGS:,} tags, or more than {MAX_TAG_CHARACTERS:,} characters in them"
            raise TemplateInvalid(reason, line=line_of(source, opening.start()))
        position = opening.end() + len(body) + 2
    return SourceCost(per_pass=1 + inside // 4 + len(source) // 512)


def line_of(source: str, index: int) -> int:
    """The line, counted from 1, that the character at `index` stands in."""
    return source.count("\n", 0, max(index, 0)) + 1


def _tag_body(source: str, opening: re.Match[str]) -> str:
    closing = "}}" if opening.group() == "{{" else "%}"
    end = source.find(closing, opening.end(), opening.end() + MAX_TAG_LENGTH + 2)
    body = source[opening.end() : end]
    if end < 0 or _OPENING.search(body):
        reason = f"{opening.group()} is not closed by {closing} within {MAX_TAG_LENGTH:,} characters"
        raise TemplateInvalid(reason, line=line_of(source, opening.start()))
    return body


def _check_tag(source: str, opening: re.Match[str], body: str) -> None:
    line = line_of(source, opening.start())
    if _BLANKS.search(body):
        raise TemplateInvalid(f"a tag holds more than {MAX_BLANKS} blanks in a row", line=line)
    if opening.group() == "{{":
        return
    found = _TAG_NAME.match(body)
    name = found.group(1) if found else ""
    if name not in ALLOWED_TAGS:
        reason = f"the tag {{% {name} %}} is not available" if name else "a tag has no name"
        hint = "Available: if, unless, case, for, assign, capture, cycle, comment."
        raise TemplateInvalid(reason, line=line, hint=hint)
