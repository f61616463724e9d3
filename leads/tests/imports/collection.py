"""A collection of tables as the world writes them: dialects, encodings, line ends, and what is broken about them.

Made by code, so that each says what it is. A sample has either the rows that are right or the code of its refusal with
a piece of the sentence, which names the place.
"""

# ruff: noqa: RUF001

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from leads.tests.imports.workbooks.making import archive, workbook

HEADER = ["Email", "Name", "Company"]
ANA = ["ana@acme.example", "Ana", "Acme, Inc."]
BOB = ["bob@harbor.example", 'Bob "Rob" Roy', "Harbor; Sons"]
CARL = ["carl@north.example", "", "line one\nline two"]
EVA = ["eva@south.example", "Eva\tMaria", "A|B:C^D~E"]
TABLE = [HEADER, ANA, BOB, CARL, EVA]
SIMPLE = [HEADER, ["ana@acme.example", "Ana", "Acme"], ["bob@harbor.example", "Bob", "Harbor"]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One file: the table it holds (header first), or why it is refused."""

    name: str
    content: bytes
    table: list[list[str]] | None = None
    code: str = ""
    place: str = ""
    numbers: tuple[int, ...] = ()  # of the rows, where they are not 2, 3, 4 …


def written(rows: list[list[str]], **dialect: Any) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue()


def dialects() -> Iterator[Sample]:
    """Every delimiter with every way of quoting and ending lines that csv can write."""
    delimiters = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "caret": "^", "tilde": "~", "colon": ":"}
    quotings = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "nonnumeric": csv.QUOTE_NONNUMERIC}
    for (name, delimiter), (how, quoting) in product(delimiters.items(), quotings.items()):
        text = written(TABLE, delimiter=delimiter, quoting=quoting)
        yield Sample(f"{name}, quoting {how}", text.encode(), TABLE)
    for name, delimiter in delimiters.items():
        escaped = written(
            TABLE[:3],
            delimiter=delimiter,
            quoting=csv.QUOTE_ALL,
            doublequote=False,
            escapechar="\\",
            lineterminator="\n",
        )
        yield Sample(f"{name}, quotes behind backslashes", escaped.encode(), TABLE[:3])
        single = written(TABLE[:2], delimiter=delimiter, quoting=csv.QUOTE_ALL, quotechar="'")
        yield Sample(f"{name}, single quotes", single.encode(), TABLE[:2])
    unquoted = written(TABLE[:2], quoting=csv.QUOTE_NONE, escapechar="\\")
    yield Sample("no quotes, the delimiter behind a backslash", unquoted.encode(), TABLE[:2])
    inches = [*SIMPLE, ["carl@north.example", "Carl", '5"']]
    last = written(inches, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\").removesuffix("\r\n")
    yield Sample("a backslash in the last cell alone, and no end of its line", last.encode(), inches)


def line_ends() -> Iterator[Sample]:
    for name, end in {"LF": "\n", "CR LF": "\r\n", "CR": "\r"}.items():
        yield Sample(f"lines end in {name}", written(TABLE, lineterminator=end).encode(), TABLE)
        text = written(SIMPLE, lineterminator=end)
        yield Sample(f"the last line has no {name}", text.removesuffix(end).encode(), SIMPLE)
    mixed = b"Email,Name,Company\r\nana@acme.example,Ana,Acme\nbob@harbor.example,Bob,Harbor\r"
    yield Sample("lines end in all three", mixed, SIMPLE)
    blank = b"Email,Name,Company\n\nana@acme.example,Ana,Acme\n,,\n  \nbob@harbor.example,Bob,Harbor\n\n\n"
    yield Sample("blank lines in between", blank, SIMPLE, numbers=(3, 6))
    separator = "Email,Name\nana@acme.example,A\u2028B\u0085C\x0bD\n"
    yield Sample(
        "separators of Unicode are text",
        separator.encode(),
        [["Email", "Name"], ["ana@acme.example", "A\u2028B\x85C\x0bD"]],
    )


WORDS = {
    "cp1250": ["Jiří Řezníček", "Žabka Łódź"],
    "iso8859-2": ["Jiří Řezníček", "Škoda Plzeň"],
    "cp1251": ["Иван Петров", "Газпром Москва"],
    "koi8-r": ["Сергей Иванов", "Лукойл Казань"],
    "cp1252": ["Jürgen Müller", "Größe Köln"],
    "iso8859-1": ["François Lefèvre", "Société Besançon"],
    "iso8859-15": ["Benoît Châtelain", "Hôtel Nîmes"],
    "cp1253": ["Γιώργος Παπαδόπουλος", "Τράπεζα Αθήνα"],
    "cp1254": ["Çağrı Öztürk", "Şişecam İstanbul"],
    "mac_roman": ["José Muñoz", "Compañía Española"],
    "cp932": ["山田太郎", "株式会社日本"],
    "gb18030": ["王小明", "北京科技有限公司"],
    "cp949": ["김철수", "삼성전자 주식회사"],
    "big5": ["陳大文", "台灣積體電路製造股份有限公司"],
    "utf-8": ["Žaneta 山田 Иван", "emoji 👩‍💻"],
}
MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def encodings() -> Iterator[Sample]:
    for encoding, (name, company) in WORDS.items():
        table = [HEADER, *([f"p{n}@acme.example", name, company] for n in range(6))]
        yield Sample(f"in {encoding}", written(table).encode(encoding), table)
    table = [HEADER, ["ana@acme.example", "Žaneta Říhová", "山田太郎"], ["bob@acme.example", "Bob", "Иван"]]
    for encoding, mark in MARKS.items():
        content = written(table).encode(encoding)
        yield Sample(f"in {encoding} with its mark", mark + content, table)
        yield Sample(f"in {encoding} without a mark", content, table)
        tabs = written(table, delimiter="\t").encode(encoding)
        yield Sample(f"in {encoding} with its mark and tabs, as Excel saves “Unicode text”", mark + tabs, table)
    twice = written(SIMPLE[:2]).encode() + codecs.BOM_UTF8 + b"bob@harbor.example,Bob,Harbor\n"
    glued = [*SIMPLE[:2], ["\ufeffbob@harbor.example", "Bob", "Harbor"]]
    yield Sample("a mark in the middle, where two files were joined", twice, glued)


def preambles() -> Iterator[Sample]:
    body = written(SIMPLE, delimiter=";")
    yield Sample("sep= says the delimiter", b"sep=;\r\n" + body.encode(), SIMPLE)
    yield Sample("sep= behind a mark", codecs.BOM_UTF8 + b"sep=;\r\n" + body.encode(), SIMPLE)
    yield Sample("a title above the header", b"Leads of the fair\n" + body.encode(), SIMPLE, numbers=(3, 4))
    title = "Export;;\nCreated: 2026-11-20;;\n;;\n" + body
    yield Sample("a title, a date and a blank line above the header", title.encode(), SIMPLE, numbers=(5, 6))
    long = "".join(f"Remark {n}\n" for n in range(12)) + body
    yield Sample("twelve lines above the header", long.encode(), SIMPLE, numbers=(14, 15))
    yield Sample("blank lines above the header", b"\n\n\n" + body.encode(), SIMPLE, numbers=(5, 6))
    footer = [*SIMPLE, ["Total: 2"]]
    yield Sample("a line below the table", (body + "Total: 2\n").encode(), footer)


def shapes() -> Iterator[Sample]:
    rows = b"ana@acme.example,Ana,Acme,\nbob@harbor.example,Bob,Harbor,\n"
    trailing = [HEADER, [*SIMPLE[1], ""], [*SIMPLE[2], ""]]
    yield Sample("a delimiter at the end of every line", b"Email,Name,Company,\n" + rows, trailing)
    yield Sample("a delimiter at the end of the rows alone", b"Email,Name,Company\n" + rows, trailing)
    ragged = b"Email,Name,Company\nana@acme.example\nbob@harbor.example,Bob,Harbor,more,and more\n"
    uneven = [HEADER, ["ana@acme.example"], ["bob@harbor.example", "Bob", "Harbor", "more", "and more"]]
    yield Sample("ragged rows", ragged, uneven)
    yield Sample("one column", b"Email\nana@acme.example\nbob@harbor.example\n", [[row[0]] for row in SIMPLE])
    spaces = b'Email, Name, Company\nana@acme.example, Ana, "Acme, Inc."\n'
    yield Sample("blanks behind the delimiter", spaces, [HEADER, ANA])
    number = [["Email", "Phone"], ["ana@acme.example", "1.0E+10"], ["bob@acme.example", "+420 1"]]
    yield Sample("numbers as a spreadsheet spoils them", written(number).encode(), number)
    nul = [["Email", "Name"], ["ana@acme.example", "A\0na"], ["bob@acme.example", "Bob"]]
    yield Sample("a NUL in a cell", b"Email,Name\nana@acme.example,A\0na\nbob@acme.example,Bob\n", nul)
    inner = [["Email", "Size"], ["ana@acme.example", '5" pipe'], ["bob@acme.example", "Acme Ltd"]]
    yield Sample("quotes in the middle", b'Email,Size\nana@acme.example,5" pipe\nbob@acme.example,"Acme" Ltd\n', inner)
    wide = [["Email", *(f"c{n}" for n in range(999))], ["ana@acme.example", *["x"] * 999]]
    yield Sample("a thousand columns", written(wide).encode(), wide)
    yield Sample("a table in a workbook called .csv", workbook(SIMPLE), SIMPLE)
    unnamed = b"Email,,Company\nana@acme.example,Ana,Acme\n"
    yield Sample("a column without a name", unnamed, [["Email", "", "Company"], SIMPLE[1]])
    twice = b"Email,Note,Note\nana@acme.example,a,b\n"
    yield Sample("two columns of one name", twice, [["Email", "Note", "Note"], ["ana@acme.example", "a", "b"]])


def refused() -> Iterator[Sample]:
    large, note = b"x" * 10_000_000, "Row 3 of people.csv, column 2 (“Note”)"
    yield Sample("nothing", b"", code="empty_file")
    yield Sample("blanks only", b" \r\n\t\r\n", code="empty_file")
    yield Sample("a mark only", codecs.BOM_UTF16_LE, code="empty_file")
    yield Sample("sep= only", b"sep=,\r\n", code="empty_file")
    yield Sample("2,000 columns", b"Email" + b",x" * 1_999 + b"\n", code="too_many_columns", place="2,000 columns")
    line = b"Email,Note,Name\na@x.example,b,c\nd@x.example," + large + b",e\n"
    yield Sample("a line of 10 MB", line, code="field_too_large", place=note)
    cells = b"Email\na@x.example\n" + b",".join([b"x" * 100_000] * 25) + b"\n"
    yield Sample("a row of many large cells", cells, code="row_too_large", place="Row 3 of")
    quoted = b'Email,Note\na@x.example,b\nc@x.example,"' + large + b'"\n'
    yield Sample("a quoted cell of 10 MB", quoted, code="field_too_large", place=note)
    unclosed = b'Email,Name\na@x.example,"A\nb@x.example,B\n'
    yield Sample("a quote never closed", unclosed, code="unclosed_quote", place="Row 2")
    long = b"Email," + b"x" * 201 + b"\n"
    yield Sample("a long name of a column", long, code="header_too_long", place="Column 2")
    damaged = "Email,N\udcffame,é,é,é\n".encode("utf-8", "surrogateescape")
    yield Sample("a damaged name", damaged, code="damaged_header", place="column 2")
    yield Sample("a NUL in a name", b"Email,N\0ame\na@x.example,A\n", code="damaged_header", place="column 2")
    for several in ("||", "|~|", "::", "^^", ";|;"):
        text = "\n".join(several.join(row) for row in SIMPLE)
        yield Sample(f"columns divided by {several}", text.encode(), code="long_delimiter", place=f"“{several}”")
    yield Sample("a PDF", b"%PDF-1.7\n%\xe2\xe3\n", code="binary_file", place="a PDF document")
    yield Sample("a vCard", b"BEGIN:VCARD\r\nEMAIL:a@x.example\r\n", code="binary_file", place="a vCard file")
    yield Sample("JSON", b'[\n  {"email": "a@x.example"}\n]', code="binary_file", place="JSON")
    yield Sample("a page called .xls", b"<html><table><tr><td>Email", code="binary_file", place="a web page or XML")
    page = codecs.BOM_UTF8 + b"\r\n<table>"
    yield Sample("a table of HTML behind a mark", page, code="binary_file", place="a web page or XML")
    xml = b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    yield Sample("a workbook of 2003 in XML", xml, code="binary_file", place="a web page or XML")
    zipped = archive({"people.csv": b"Email\n"})
    yield Sample("a zip archive", zipped, code="binary_file", place="a zip archive (“people.csv” inside)")
    yield Sample("a gzip archive", b"\x1f\x8b\x08\0\0", code="binary_file", place="gzip")
    yield Sample("a picture", b"\x89PNG\r\n\x1a\n\0\0", code="binary_file", place="a PNG picture")
    yield Sample("every byte there is", bytes(range(256)) * 8, code="binary_file", place="binary data")
    yield Sample("half a workbook", workbook(SIMPLE)[:2_000], code="damaged_workbook")


def rows_of_csv_test() -> Iterator[Sample]:
    """What the tests of Python's own csv module read, under a header and behind an address."""
    cases: dict[str, list[str]] = {
        '"a,b"': ["a,b"],
        '"a""b"': ['a"b'],
        '"a\r\nb"': ["a\r\nb"],
        'a"b': ['a"b'],
        '""""': ['"'],
        '""""""': ['""'],
        '"a"b': ["ab"],
        "''": ["''"],
        "a b": ["a b"],
        '" a "': [" a "],
        '"ab"c"': ['abc"'],
        ",": ["", ""],
        '"",""': ["", ""],
    }
    for text, cells in cases.items():
        header = ["Email", *(f"c{n}" for n in range(len(cells)))]
        lines = f"{','.join(header)}\r\nana@acme.example,{text}\r\n"
        yield Sample(f"csv: {text!r}", lines.encode(), [header, ["ana@acme.example", *cells]])


SAMPLES = [*dialects(), *line_ends(), *encodings(), *preambles(), *shapes(), *rows_of_csv_test(), *refused()]
