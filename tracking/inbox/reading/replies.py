"""The new words of an answer: without the mail it quotes, and without the signature where it can be told.

Each line is given a letter for what it is; what to keep is then read from the row of letters.
"""

from tracking.inbox.reading import quoting

MAX_CHARACTERS = 100_000  # looked at
MAX_LINES = 2_000
MAX_ANSWER = 20_000
MAX_ATTRIBUTION = 6  # lines that "On ... wrote:" may run over
MAX_TRIES = 400  # lines at which one is looked for
MAX_BELOW = 7  # lines of text below a quote that are taken for a signature, where something stands above it
EMPTY, TEXT, QUOTE, MARK, HEADER, SIGNATURE, DELIMITER = "etqbhsd"
_HEADER_RUN = 3
_LINES_OF_UNKNOWN = 3
_WRAPPED_AT, _LEFT_OVER = 65, 30  # how long a line is that a program breaks, and what is left of it at most


def new_words(text: str) -> str:
    """What the writer added; all of it where nothing can be told apart."""
    lines = [line.replace("\xa0", " ").rstrip() for line in text[:MAX_CHARACTERS].split("\n")[:MAX_LINES]]
    kept = _kept(lines, _letters(lines))
    return "\n".join(kept).strip("\n").rstrip()[:MAX_ANSWER]


def _letters(lines: list[str]) -> list[str]:
    letters: list[str] = []
    tries = 0
    while len(letters) < len(lines):
        number = len(letters)
        taken = 0
        if tries < MAX_TRIES and _may_begin(lines, number, letters):
            tries += 1
            taken = _attribution(lines, number)
        if taken:
            letters.extend([MARK] + [EMPTY] * (taken - 1))
            continue
        letters.append(_letter(lines[number]))
    return _with_broken_quotes(lines, letters)


def _with_broken_quotes(lines: list[str], letters: list[str]) -> list[str]:
    """A short line between quoted ones, behind a long one, is the end of that: some programs break lines so."""
    result = list(letters)
    for number in range(1, len(letters) - 1):
        if letters[number] != TEXT or len(lines[number]) > _LEFT_OVER:
            continue
        is_between = letters[number - 1] == QUOTE and letters[number + 1] == QUOTE
        if is_between and len(lines[number - 1]) >= _WRAPPED_AT:
            result[number] = QUOTE
    return result


def _letter(line: str) -> str:
    if not line.strip():
        return EMPTY
    for letter, is_it in (
        (MARK, quoting.is_mark),
        (QUOTE, quoting.is_quoted),
        (DELIMITER, quoting.is_delimiter),
        (SIGNATURE, quoting.is_signature),
        (HEADER, quoting.is_header),
    ):
        if is_it(line):
            return letter
    return TEXT


def _may_begin(lines: list[str], number: int, letters: list[str]) -> bool:
    """Whether to look for an attribution here: at a line that looks like one, or the first of a paragraph."""
    line = lines[number]
    return bool(line.strip()) and (quoting.may_begin_attribution(line) or not letters or letters[-1] in (EMPTY, MARK))


def _attribution(lines: list[str], number: int) -> int:
    """How many lines from here say who wrote what follows; 0 where they do not."""
    first, joined = lines[number], ""
    for count in range(MAX_ATTRIBUTION):
        if number + count >= len(lines):
            break
        line = lines[number + count].strip()
        is_open = joined.count("<") > joined.count(">")  # an address that was broken off
        if line.startswith(">") and not is_open and not first.lstrip().startswith(">"):
            break
        if not line and not _goes_on(lines, number + count):
            break
        joined += (" " if joined and line else "") + line
        if len(joined) > quoting.MAX_LINE:
            break
        if quoting.is_attribution(joined):
            return count + 1
    return 0


def _goes_on(lines: list[str], number: int) -> bool:
    """Whether behind this empty line the address follows that some programs put on one of its own."""
    return number + 1 < len(lines) and lines[number + 1].strip() in ("<", "[")


def _kept(lines: list[str], letters: list[str]) -> list[str]:
    lines, letters = _before_delimiter(lines, letters)
    left = [(line, letter) for line, letter in zip(lines, letters, strict=True) if letter != SIGNATURE]
    lines, letters = [line for line, _ in left], [letter for _, letter in left]
    letters = _with_whole_headers(letters)
    for rule in (_below_quote, _above_quote):
        lines, letters = rule(lines, letters)
    left = [(line, letter) for line, letter in zip(lines, letters, strict=True) if letter not in (MARK, HEADER)]
    lines, letters = [line for line, _ in left], [letter for _, letter in left]
    if TEXT not in letters:
        return lines
    last = max(number for number, letter in enumerate(letters) if letter not in (EMPTY, QUOTE))
    is_quoted_below = QUOTE in letters[last + 1 :]
    return lines[: _before_unknown_attribution(lines, last) if is_quoted_below else last + 1]


def _before_unknown_attribution(lines: list[str], last: int) -> int:
    """Where a paragraph begins that leads to a quote in words we do not know; else behind its last line."""
    first = last
    while first and lines[first - 1].strip() and last - first < _LINES_OF_UNKNOWN:
        first -= 1
    words = " ".join(lines[first : last + 1])
    names_somebody = "@" in words and any(letter.isdigit() for letter in words)
    return first if first and names_somebody and words.rstrip().endswith((":", "\uff1a")) else last + 1


def _before_delimiter(lines: list[str], letters: list[str]) -> tuple[list[str], list[str]]:
    """Up to the first line that ends what was written, unless nothing was written above it."""
    for number, letter in enumerate(letters):
        if letter == DELIMITER and TEXT in letters[:number]:
            return lines[:number], letters[:number]
    return lines, [EMPTY if letter == DELIMITER else letter for letter in letters]


def _with_whole_headers(letters: list[str]) -> list[str]:
    """Header lines only where three stand together, with what they run over; a single one is text."""
    result = list(letters)
    number = 0
    while number < len(letters):
        if letters[number] != HEADER:
            number += 1
            continue
        end, headers, others = number, 0, 0
        while end < len(letters) and letters[end] in (HEADER, TEXT, QUOTE) and others < _HEADER_RUN:
            headers += letters[end] == HEADER
            others = 0 if letters[end] == HEADER else others + 1
            end += 1
        if headers >= _HEADER_RUN:
            last = max(place for place in range(number, end) if letters[place] == HEADER)
            end = end if end == len(letters) or (letters[end] == EMPTY and end - last <= _HEADER_RUN) else last + 1
            result[number:end] = [HEADER] * (end - number)
        else:
            result[number:end] = [TEXT if letter == HEADER else letter for letter in letters[number:end]]
        number = end
    return result


def _below_quote(lines: list[str], letters: list[str]) -> tuple[list[str], list[str]]:
    """The text under a quote, where nothing stands above that quote and nothing is quoted between."""
    if TEXT not in letters:
        return lines, letters
    first = letters.index(TEXT)
    above = letters[:first]
    if MARK in above and not set(letters[first:]) & {QUOTE, MARK, HEADER}:
        return lines[first:], letters[first:]
    return lines, letters


def _above_quote(lines: list[str], letters: list[str]) -> tuple[list[str], list[str]]:
    """The text above a quote, where below it stands none, or no more than a signature."""
    if TEXT not in letters:
        return lines, letters
    first = letters.index(TEXT)
    for number in range(first, len(letters)):
        is_head = letters[number] == HEADER and letters[number : number + _HEADER_RUN].count(HEADER) == _HEADER_RUN
        if is_head or (letters[number] == MARK and _is_last_quote(letters[number + 1 :])):
            end = number - 1 if number > first + 1 and quoting.is_ruled(lines[number - 1]) else number
            return lines[:end], letters[:end]
    return lines, letters


def _is_last_quote(below: list[str]) -> bool:
    """Whether nothing of the writer's follows; a quoted mail without marks is taken to go on to the end."""
    if next((letter for letter in below if letter != EMPTY), EMPTY) != QUOTE:
        return True
    end = next((number for number, letter in enumerate(below) if letter == TEXT), len(below))
    behind = below[end:]
    return not set(behind) & {QUOTE, MARK, HEADER} and behind.count(TEXT) < MAX_BELOW
