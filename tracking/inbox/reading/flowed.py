"""Text whose lines were broken for the way only (RFC 3676)."""

from tracking.inbox.reading.mime import Part

MAX_PARAGRAPH = 5_000  # characters; a longer one stays broken


def unflowed(part: Part) -> str:
    """The text of a part with its paragraphs whole again, where it says that they are broken."""
    text = part.text
    if part.parameter("format").lower() != "flowed":
        return text
    joins = "" if part.parameter("delsp").lower() == "yes" else " "
    lines: list[str] = []
    goes_on, depth, length = False, 0, 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        own_depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if goes_on and own_depth == depth and bare.rstrip() != "--" and length < MAX_PARAGRAPH:
            lines[-1] = lines[-1].removesuffix(" ") + joins + bare
        else:
            lines.append(">" * own_depth + (" " if own_depth else "") + bare)
            length = 0
        length += len(bare)
        goes_on, depth = bare.endswith(" ") and bare != "-- ", own_depth
    return "\n".join(lines)
