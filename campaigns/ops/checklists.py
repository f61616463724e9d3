"""The parts of a task: a list of texts, each done or not."""

from typing import Any

from campaigns_project.errors import Refused

MOST_PARTS = 50
LONGEST_PART = 300  # characters

WAY = "Write a list of objects such as {“text”: “Ask for the price list”, “done”: false}."


def read_checklist(given: Any) -> list[dict[str, Any]]:
    """`given` as it is kept. Refused for anything but a list of texts with a yes or no."""
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise _refused("The checklist is not a list of parts.", WAY)
    if len(given) > MOST_PARTS:
        raise _refused(f"The checklist has {len(given)} parts.", f"At most {MOST_PARTS}: make another task.")
    return [_part(number, part) for number, part in enumerate(given, start=1)]


def read_lines(text: str) -> list[dict[str, Any]]:
    """One part a line, as a form has them; a line that begins with “x ” is done."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return read_checklist([{"text": line.removeprefix("x "), "done": line.startswith("x ")} for line in lines])


def as_lines(checklist: list[dict[str, Any]]) -> str:
    """What `read_lines` reads."""
    return "\n".join(f"x {part['text']}" if part["done"] else part["text"] for part in checklist)


def _part(number: int, part: dict[str, Any]) -> dict[str, Any]:
    text, done = part.get("text"), part.get("done", False)
    if set(part) - {"text", "done"} or not isinstance(text, str) or not isinstance(done, bool):
        raise _refused(f"Part {number} of the checklist is not a text with a yes or no.", WAY)
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_PART or "\0" in words:
        raise _refused(f"Part {number} of the checklist is empty or too long.", f"1 to {LONGEST_PART} characters.")
    return {"text": words, "done": done}


def _refused(message: str, hint: str) -> Refused:
    return Refused("checklist_invalid", message, hint, {"field": "checklist"})
