import pytest

from campaigns_project.errors import Refused
from leads.imports.delimiters import detect_delimiter, named_delimiter, sep_line
from leads.imports.matching import is_known_header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("email,first name,company\nana@acme.example,Ana,Acme\n", ","),
        ("email;first name;company\nana@acme.example;Ana;Acme, Inc.\n", ";"),
        ("email\tfirst name\tcompany\nana@acme.example\tAna\tAcme, Inc.; Ltd\n", "\t"),
        ("email|first name\nana@acme.example|Ana\n", "|"),
        ('email,company\nana@acme.example,"Acme; Sons; Daughters"\nbob@acme.example,"A; B; C"\n', ","),
        ('"email";"company"\n"ana@acme.example";"Acme, ""The Best"", Inc."\n', ";"),
        ("email;amount\nana@acme.example;1,5\nbob@acme.example;2,7\n", ";"),
        ("email,note\nana@acme.example,a|b|c|d\nbob@acme.example,a|b|c|d\n", ","),
        ("email\nana@acme.example\nbob@acme.example\n", ","),
        ("email, first name, company\nana@acme.example, Ana, Acme\n", ","),
        ("Courriel;Prénom, nom\nana@acme.example;Ana, Roy\nbob@acme.example;Bob, Roy\n", ";"),
        ('email,note\nana@acme.example,"two\nlines; of, text"\nbob@acme.example,x\n', ","),
        ("x1;x2,x3\n1;2,3\n4;5,6\n7;8\n", ";"),
        ("email,first name\n", ","),
        ('email;name\n"' + "x" * 60_000, ";"),
    ],
)
def test_delimiter_is_found(text: str, expected: str):
    assert detect_delimiter(text, is_known=is_known_header) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sep=;\nemail;name\n", ";"), ('"sep=|"\r\nemail|name\r\n', "|"), ("SEP=\t\nemail\tname", "\t"), ("sep=;", ";")],
)
def test_first_line_may_declare_it(text: str, expected: str):
    assert sep_line(text) == expected


@pytest.mark.parametrize("text", ["email;name\n", "sep=;;\n", "separator=;\n", ""])
def test_other_first_lines_declare_nothing(text: str):
    assert sep_line(text) is None


@pytest.mark.parametrize(("name", "expected"), [("tab", "\t"), ("\\t", "\t"), (";", ";"), ("comma", ","), ("^", "^")])
def test_delimiter_may_be_named(name: str, expected: str):
    assert named_delimiter(name) == expected


@pytest.mark.parametrize("name", ["", ";;", "a", "7", '"', "\n", "@", "."])
def test_what_cannot_separate_columns_is_refused(name: str):
    with pytest.raises(Refused) as refused:
        named_delimiter(name)

    assert refused.value.code == "bad_delimiter"
