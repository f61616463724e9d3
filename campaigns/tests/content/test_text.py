import time

import pytest

from campaigns.content.errors import BodyRefused
from campaigns.content.text import add_footer, text_from_html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>Hi Ada,</p><p>how are you?</p>", "Hi Ada,\n\nhow are you?"),
        ("a<br>b", "a\nb"),
        ("<ul><li>one</li><li>two</li></ul>", "  * one\n  * two"),
        ("<h1>Title</h1><p>x &amp; y &lt;z&gt;</p>", "Title\n\nx & y <z>"),
        ("<div>a<div>b<div>c</div></div></div>", "a\nb\nc"),
        ("", ""),
        ("  \n ", ""),
        ("<!-- only a note -->", ""),
        ("plain words", "plain words"),
        ("<p>write &amp;lt; for &lt;</p><pre>&amp;copy</pre>", "write &lt; for <\n\n&copy"),
        ("grüße 你好 👋🏽", "grüße 你好 👋🏽"),
        ("<p>a\0b</p>", "ab"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b"),
    ],
)
def test_html_becomes_readable_text(source, expected):
    assert text_from_html(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('See <a href="https://x.example/a">the <b>report</b></a> now', "See the report (https://x.example/a) now"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ('<a href="https://x.example/?a=1&amp;b=2&copy=3">go</a>', "go (https://x.example/?a=1&b=2&copy=3)"),
        ('<a href="https://x.example/"><img src="i.png" alt="Our shop"></a>', "Our shop (https://x.example/)"),
        ('<a href="https://x.example/"><img src="i.png"></a>', "(https://x.example/)"),
        ('<a href="mailto:ada@x.example">Ada</a>', "Ada (ada@x.example)"),
        ('<a href="mailto:ada@x.example">ada@x.example</a>', "ada@x.example"),
        ('<a href="#top">up</a> <a name="x">here</a> <a href="javascript:x()">run</a>', "up here run"),
    ],
)
def test_links_show_where_they_lead(source, expected):
    assert text_from_html(source) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">',
        '<div style="color:red; DISPLAY : None !important">',
        '<div style="visibility:hidden">',
        '<div style="mso-hide:all">',
        '<div style="max-height:0px;overflow:hidden">',
        '<div style="font-size:0">',
        '<div style="opacity:0">',
        "<div hidden>",
        "<div hidden=until-found>",
    ],
)
def test_what_html_hides_is_not_in_the_text(hidden):
    assert text_from_html(f"{hidden}Preview <b>only</b></div>Hello") == "Hello"


@pytest.mark.parametrize("style", ["font-size:0.9em", "opacity:0.5", "max-height:0.5em", "display:block"])
def test_what_is_merely_small_stays(style):
    assert text_from_html(f'<p style="{style}">Hello</p>') == "Hello"


def test_what_is_not_for_reading_is_not_in_the_text():
    assert text_from_html("<head><title>T</title><style>p{}</style></head><p>x</p><script>y()</script>") == "x"


def test_no_line_ends_in_blanks_and_no_two_lines_in_a_row_are_empty():
    text = text_from_html(
        "<p>a&nbsp; </p><br><br><br><br><div> </div><p>b   </p><table><tr><td>c</td><td> </td></tr></table>"
    )

    assert [line for line in text.split("\n") if line != line.rstrip()] == []
    assert "\n\n\n" not in text


def test_half_a_character_is_refused_with_the_field():
    with pytest.raises(BodyRefused) as refusal:
        text_from_html("<p>\ud83d</p>")

    assert refusal.value.field == "html"


@pytest.mark.parametrize(
    "piece", ["<div>", "<a href=https://x>", "<table><tr><td>", "<ul><li>", "<b>", "&nbsp;", "<!--"]
)
def test_deep_or_broken_html_is_read_in_bounded_time(piece):
    started = time.thread_time()
    text_from_html(piece * (60_000 // len(piece)) + "x")

    assert time.thread_time() - started < 2


def test_the_footer_follows_the_signature_line():
    text = add_footer("Hello\n\n", postal_address="Acme\nStreet 1\n", unsubscribe_url="https://u.example/1")

    assert text == "Hello\n\n-- \nAcme\nStreet 1\nUnsubscribe: https://u.example/1\n"
