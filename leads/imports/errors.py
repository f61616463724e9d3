"""Why a whole file is refused: each with its code, what is wrong and where, and what to do. Nothing was changed."""

from collections.abc import Iterable, Mapping, Sequence

from campaigns_project.errors import Refused

SHOWN = 10  # columns named in one sentence; the rest is in `details`


class FileRefused(Refused):
    """The file as a whole cannot be imported; nothing of it was stored."""


def quoted(names: Iterable[str]) -> str:
    """Names as a sentence lists them: “A”, “B” and 3 more."""
    all_names = list(names)
    listed = ", ".join(f"“{shortened(name)}”" for name in all_names[:SHOWN])
    return listed if len(all_names) <= SHOWN else f"{listed} and {len(all_names) - SHOWN} more"


def shortened(text: str, length: int = 60) -> str:
    """The text as one line of at most `length` characters, with what cannot be printed shown as �."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return line if len(line) <= length else f"{line[: length - 1]}…"


def empty_file(file_name: str) -> FileRefused:
    """Not one character in it."""
    return FileRefused(
        "empty_file", f"{file_name} is empty.", "Choose a CSV file with a header line and at least one lead."
    )


def header_only(file_name: str, columns: Sequence[str]) -> FileRefused:
    """A header and nothing below it."""
    return FileRefused(
        "header_only",
        f"{file_name} has a header line ({quoted(columns)}) and not one row below it.",
        "Check that the export was not filtered down to nothing.",
    )


def binary_file(file_name: str, kind: str, hint: str) -> FileRefused:
    """Neither text nor a workbook: an archive, a picture."""
    message = f"{file_name} is neither a CSV file nor a workbook: it looks like {kind}."
    return FileRefused("binary_file", message, hint, {"kind": kind})


def encrypted_file(file_name: str) -> FileRefused:
    """A workbook that opens with a password only."""
    return FileRefused(
        "encrypted_file",
        f"{file_name} is protected by a password.",
        "Open it with the password and save it without one (in Excel: File, Info, Protect Workbook), or as CSV.",
    )


def archive_bomb(file_name: str, *, detail: str) -> FileRefused:
    """A workbook that unpacks to more than any table of people needs."""
    return FileRefused(
        "archive_bomb",
        f"{file_name} was not opened: {detail}.",
        "Save the sheet as CSV and import that; a genuine workbook of this size is better split.",
    )


def workbook_too_large(file_name: str, *, megabytes: int, seconds: int) -> FileRefused:
    """A workbook that takes more memory or time than the process that opens it has."""
    return FileRefused(
        "workbook_too_large",
        f"{file_name} takes more than {megabytes:,} MB of memory or {seconds} seconds to open.",
        "Save the sheet as CSV and import that: a CSV may be of any length.",
        {"max_megabytes": megabytes, "max_seconds": seconds},
    )


def damaged_workbook(file_name: str, *, detail: str) -> FileRefused:
    """A workbook that cannot be read to its end."""
    return FileRefused(
        "damaged_workbook",
        f"{file_name} looks like a workbook and is none that can be read. {detail}",
        "Open it in a spreadsheet and save it again as .xlsx, or as CSV (UTF-8).",
    )


def unknown_sheet(file_name: str, *, sheet: str, sheets: Sequence[str]) -> FileRefused:
    """The caller named a sheet that the workbook does not have."""
    return FileRefused(
        "unknown_sheet",
        f"{file_name} has no sheet “{shortened(sheet)}”; it has {quoted(sheets)}.",
        "Write the name as it stands on the tab, or leave it out to have the first sheet with addresses.",
        {"sheet": sheet, "sheets": list(sheets)},
    )


def empty_sheet(file_name: str, *, sheet: str) -> FileRefused:
    """A sheet without one filled cell."""
    which = f"Sheet “{shortened(sheet)}”" if sheet else "The first sheet"
    return FileRefused(
        "empty_sheet",
        f"{which} of {file_name} is empty.",
        "Put the leads on the first sheet, or name theirs (--sheet NAME, in the API sheet).",
        {"sheet": sheet},
    )


def long_delimiter(file_name: str, *, delimiter: str) -> FileRefused:
    """Columns that are separated by several characters at once."""
    return FileRefused(
        "long_delimiter",
        f"{file_name} separates its columns by “{shortened(delimiter)}”, which is {len(delimiter)} characters.",
        "Replace it by one character, such as a semicolon or a tab, in a text editor or where the file was exported.",
        {"delimiter": delimiter},
    )


def bad_header_row(file_name: str, *, row: int) -> FileRefused:
    """The caller named a row as the header that the file does not have."""
    return FileRefused(
        "bad_header_row",
        f"{file_name} has no header in row {row:,}: it ends before.",
        "Name the row as a spreadsheet counts it, or leave it out to have it found.",
        {"row": row},
    )


def file_too_large(file_name: str, limit: int) -> FileRefused:
    """More bytes than an import takes."""
    return FileRefused(
        "file_too_large",
        f"{file_name} is larger than {limit // 2**20:,} MB.",
        "Split it into several files and import them one after another.",
        {"max_bytes": limit},
    )


def text_too_large(file_name: str, *, limit: int) -> FileRefused:
    """More pasted text than a field takes."""
    return FileRefused(
        "file_too_large",
        f"{file_name} is longer than {limit:,} characters.",
        "Save it as a file and import that.",
        {"max_characters": limit},
    )


def unknown_encoding(name: str) -> FileRefused:
    """The caller named an encoding that Python does not know as one of text."""
    return FileRefused(
        "unknown_encoding",
        f"“{shortened(name)}” is not a text encoding.",
        "Use a name such as utf-8, windows-1250 or iso-8859-2, or leave it out to have it detected.",
    )


def wrong_encoding(file_name: str, encoding: str) -> FileRefused:
    """The caller named an encoding in which these bytes are no text."""
    return FileRefused(
        "wrong_encoding",
        f"{file_name} cannot be read as {encoding}.",
        "Name the encoding that it was saved in, or leave it out to have it detected.",
    )


def bad_delimiter(text: str) -> FileRefused:
    """The caller named a delimiter that cannot be one."""
    return FileRefused(
        "bad_delimiter",
        f"“{shortened(text)}” cannot separate columns.",
        "Use one character: comma, semicolon, tab (written “tab”) or |, or leave it out to have it detected.",
    )


def damaged_header(file_name: str, *, column: int, name: str, encoding: str) -> FileRefused:
    """A column name with bytes that the encoding does not know."""
    return FileRefused(
        "damaged_header",
        f"The header of {file_name} is not valid {encoding}: column {column} reads “{shortened(name)}”.",
        "Save it again as CSV (UTF-8), or name its encoding (--encoding windows-1252, for one; in the API encoding).",
        {"column": column},
    )


def field_too_large(file_name: str, *, row: int, column: str, limit: int) -> FileRefused:
    """One cell larger than any cell of a list of people."""
    return FileRefused(
        "field_too_large",
        f"Row {row:,} of {file_name}, column {column}: the cell is longer than {limit:,} characters.",
        "Often a quotation mark is opened there and never closed; otherwise shorten the cell.",
        {"row": row, "column": column, "max_characters": limit},
    )


def row_too_large(file_name: str, *, row: int, limit: int) -> FileRefused:
    """One row larger than any row of a list of people."""
    return FileRefused(
        "row_too_large",
        f"Row {row:,} of {file_name} is longer than {limit:,} characters.",
        "Check that line in a text editor; drop columns that are not needed.",
        {"row": row, "max_characters": limit},
    )


def unclosed_quote(file_name: str, *, row: int) -> FileRefused:
    """The file ends inside a quoted cell."""
    return FileRefused(
        "unclosed_quote",
        f"Row {row:,} of {file_name} opens a quotation mark that is never closed: "
        f"everything after it would be one cell.",
        "Close the quotation mark, or write it twice if it belongs to the text.",
        {"row": row},
    )


def too_many_columns(file_name: str, *, count: int, limit: int) -> FileRefused:
    """A header with more columns than an import takes."""
    return FileRefused(
        "too_many_columns",
        f"The header of {file_name} has {count:,} columns; {limit:,} is the limit.",
        "Keep the columns that describe leads and drop the others.",
        {"columns": count, "max_columns": limit},
    )


def header_too_long(file_name: str, *, column: int, limit: int) -> FileRefused:
    """A column name that is a text of its own."""
    return FileRefused(
        "header_too_long",
        f"Column {column} in the header of {file_name} has a name longer than {limit} characters.",
        "Give the column a short name. If the first line is not the header, add one.",
    )


def duplicate_header(file_name: str, *, pairs: Sequence[tuple[int, int, str]]) -> FileRefused:
    """Two columns of one name: which of them counts cannot be known. The second is given as a mapping calls it."""
    listed = "; ".join(f"columns {first} and {second} (“{shortened(name)}”)" for first, second, name in pairs)
    return FileRefused(
        "duplicate_header",
        f"The header of {file_name} uses a name twice: {listed}.",
        f"Rename or remove one of them, or say in the mapping what “{shortened(pairs[0][2])}” is, or ignore.",
        {"columns": [{"first": first, "second": second, "name": name} for first, second, name in pairs]},
    )


def no_header(file_name: str, *, cell: str) -> FileRefused:
    """The first line holds an address, so it is a row and not a header."""
    return FileRefused(
        "no_header",
        f"{file_name} starts with a row of data (“{shortened(cell)}”), not with a header.",
        "Add a first line that names the columns, such as email,first_name,last_name,company.",
    )


def no_email_column(file_name: str, *, columns: Sequence[str]) -> FileRefused:
    """No column holds the address."""
    return FileRefused(
        "no_email_column",
        f"No column of {file_name} is known to hold the e-mail address; it has {quoted(columns)}.",
        'Say which one does (in the step “Columns”; --map "HEADER=email"; in the API mapping), or rename it to email.',
        {"columns": list(columns)},
    )


def ambiguous_columns(file_name: str, *, field: str, columns: Sequence[str]) -> FileRefused:
    """Two columns fit one field equally well, or were both mapped to it."""
    return FileRefused(
        "ambiguous_columns",
        f"Columns {quoted(columns)} of {file_name} both fit the field {field}.",
        f'Choose one (--map "{shortened(columns[0])}={field}", in the API mapping), and map the other elsewhere or to '
        "“ignore”, or rename one of them.",
        {"field": field, "columns": list(columns)},
    )


def unknown_columns(file_name: str, *, columns: Sequence[tuple[str, str]]) -> FileRefused:
    """Columns that match no field, each with the field it may have meant (or nothing)."""
    listed = ", ".join(
        f"“{shortened(name)}”" + (f" (did you mean {field}?)" if field else "") for name, field in columns[:SHOWN]
    )
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return FileRefused(
        "unknown_columns",
        f"{file_name} has columns that match no field of a lead: {listed}{more}.",
        "Keep them as custom fields (--unknown-columns custom), leave them out (--unknown-columns ignore), "
        'or map one by one (--map "HEADER=field"); in the API by unknown_columns and mapping.',
        {"columns": [{"column": name, "suggestion": field or None} for name, field in columns]},
    )


def undecided_marks(file_name: str, *, columns: Mapping[str, Sequence[str]]) -> FileRefused:
    """Columns that say of some people not to write to them, and would be passed over or kept as a text."""
    listed = "; ".join(f"“{shortened(name)}” ({quoted(words)})" for name, words in columns.items())
    first = next(iter(columns))
    return FileRefused(
        "undecided_marks",
        f"{file_name} may say in a column who must not be written to: {listed}.",
        f'Say that it does (--map "{shortened(first)}=do_not_contact"), with --word "*=in" where its other words mean '
        f"nothing of the kind; or that it does not, by any other field or ignore. In the API by mapping and words.",
        {"columns": [{"column": name, "words": list(words)} for name, words in columns.items()]},
    )


def bad_word(text: str) -> FileRefused:
    """What somebody decided of a word, and did not say what."""
    return FileRefused(
        "bad_word",
        f"“{shortened(text)}” does not say what a word means.",
        "Write WORD=out (must not be written to) or WORD=in (may be); * is every word that is not known.",
    )


def bad_mapping(text: str, *, known: Iterable[str]) -> FileRefused:
    """A mapping that is not HEADER=field, or to a field that does not exist."""
    return FileRefused(
        "bad_mapping",
        f"The mapping “{shortened(text)}” does not name a field of a lead.",
        f"Write HEADER=field, with one of {', '.join(known)}, custom.NAME or ignore.",
    )


def unknown_mapped_column(file_name: str, *, column: str, columns: Sequence[str]) -> FileRefused:
    """A mapping for a column that the file does not have."""
    return FileRefused(
        "unknown_mapped_column",
        f"{file_name} has no column “{shortened(column)}”; it has {quoted(columns)}.",
        "Write the header as it stands in the file.",
        {"column": column, "columns": list(columns)},
    )


def bad_option(name: str, value: str, allowed: Iterable[str]) -> FileRefused:
    """An option with a value that does not exist."""
    return FileRefused(
        "bad_option", f"“{shortened(value)}” is no value of {name}.", f"Use one of: {', '.join(allowed)}."
    )


def too_many_rows(file_name: str, *, limit: int) -> FileRefused:
    """More rows than one import takes."""
    return FileRefused(
        "too_many_rows",
        f"{file_name} has more than {limit:,} rows.",
        "Split it into several files and import them one after another.",
        {"max_rows": limit},
    )


def bad_tag(name: str, *, limit: int) -> FileRefused:
    """A tag that cannot be one."""
    return FileRefused(
        "bad_tag",
        f"“{shortened(name)}” cannot be a tag.",
        f"A tag has 1 to {limit} characters, all of them visible.",
    )


def bad_rows(message: str, **details: object) -> FileRefused:
    """Records that are none: no list of objects, or with values that no cell can hold."""
    return FileRefused(
        "bad_rows", message, 'Send a list of objects with texts, numbers or null: {"email": …}.', details
    )


def bad_fix(message: str) -> FileRefused:
    """A correction that fits no row of the file."""
    return FileRefused(
        "bad_fix",
        message,
        "Send every cell of a row that is there, in the order of the file; numbers are those of the dry run.",
    )
