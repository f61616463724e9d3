import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.errors import HtmlInvalid
from campaigns.content.html import add_footer, add_pixel, add_preheader, inline_css, links, replace_links
from campaigns.content.markup import tags, unescape_attribute
from campaigns.content.text import text_from_html


def tracked(target):
    return f"https://t.example/c?u={len(target)}&x=1"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<a href="https://a.example/">x</a>', '<a href="https://t.example/c?u=18&amp;x=1">x</a>'),
        ("<a href='http://a.example/'>x</a>", '<a href="https://t.example/c?u=17&amp;x=1">x</a>'),
        ("<a href=https://a.example/>x</a>", '<a href="https://t.example/c?u=18&amp;x=1">x</a>'),
        (
            '<A CLASS=b  HREF = "HTTPS://a.example/" >x</A>',
            '<A CLASS=b  HREF = "https://t.example/c?u=18&amp;x=1" >x</A>',
        ),
        ('<area href="https://a.example/">', '<area href="https://t.example/c?u=18&amp;x=1">'),
        ('<a title="a > b" href="https://a.example/">', '<a title="a > b" href="https://t.example/c?u=18&amp;x=1">'),
        ('<a href=" https://a.exa\nmple/ ">', '<a href="https://t.example/c?u=18&amp;x=1">'),
        (
            '<a href="https://a.example/" href="https://b.example/">',
            '<a href="https://t.example/c?u=18&amp;x=1" href="https://b.example/">',
        ),
        ('<a/href="https://a.example/"/>', '<a/href="https://t.example/c?u=18&amp;x=1"/>'),
    ],
)
def test_web_links_lead_through_the_tracker_and_nothing_else_changes(source, expected):
    assert replace_links(source, tracked) == expected


@pytest.mark.parametrize(
    "source",
    [
        '<a href="mailto:a@b.example">x</a>',
        '<a href="tel:+123">x</a>',
        '<a href="#top">x</a>',
        '<a href="/relative">x</a>',
        '<a href="javascript:alert(1)">x</a>',
        '<a name="x">x</a>',
        "<a href>x</a>",
        '<link href="https://a.example/s.css">',
        '<img src="https://a.example/i.png">',
        '<!-- <a href="https://a.example/">x</a> -->',
        '<!--[if mso]><a href="https://a.example/">x</a><![endif]-->',
        "<script>var x = '<a href=\"https://a.example/\">';</script>",
        '<style>/* <a href="https://a.example/"> */</style>',
        '<title><a href="https://a.example/"></title>',
        '<textarea><a href="https://a.example/"></textarea>',
        '</a href="https://a.example/">',
        '<a href="https://a.example/',
        "<a title=\"<a href='https://a.example/'>\">x</a>",
        "< a href='https://a.example/'>",
        '<data href="https://a.example/">',
        "<p>1 < 2 & 3 > 2 <3 </p><br/>\r\n\t&nbsp;&copy",
    ],
)
def test_everything_that_is_no_web_link_stays_byte_for_byte(source):
    assert replace_links(source, tracked) == source
    assert links(source) == []


def test_a_link_outside_a_conditional_comment_is_replaced_and_the_one_inside_is_not():
    source = '<!--[if mso]><a href="https://m.example/"><![endif]--><![if !mso]><a href="https://a.example/"><![endif]>'

    assert links(source) == ["https://a.example/"]


def test_the_way_out_is_never_led_through_the_tracker():
    source = '<a href="https://x.example/?a=1&amp;b=2">out</a><a href="https://y.example/">on</a>'

    replaced = replace_links(source, tracked, keep=["https://x.example/?a=1&b=2"])

    assert links(replaced) == ["https://x.example/?a=1&b=2", tracked("https://y.example/")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("?a=1&copyright", "?a=1&copyright"),
        ("?a=&copy;", "?a=©"),
        ("?a=&copy", "?a=©"),
        ("&#x26;&#38;&#38", "&&&"),
        ("?a&b&unknown;", "?a&b&unknown;"),
        ("&amp;amp;", "&amp;"),
    ],
)
def test_references_in_attributes_are_read_as_browsers_do(written, meant):
    assert unescape_attribute(written) == meant


@given(st.text(max_size=60))
def test_any_target_comes_back_out_of_the_attribute_it_was_put_in(path):
    target = "https://a.example/" + path

    replaced = replace_links("<p><a class=x href=https://old.example/>y</a>", lambda _: target)

    assert [tag.get("href").value for tag in tags(replaced) if tag.name == "a" and not tag.closing] == [target]


@given(
    st.lists(
        st.sampled_from(["<", ">", '"', "'", "=", " ", "a", "href", "!--", "-->", "/", "https://x", "script", "\n"])
    )
)
def test_replacing_each_link_by_itself_changes_no_link_in_any_text(pieces):
    source = "".join(pieces)

    assert links(replace_links(source, lambda target: target)) == links(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<html><body>x</body></html>", "<html><body>x|</body></html>"),
        ("<html><body>x</BODY ></html>", "<html><body>x|</BODY ></html>"),
        ("<html>x</html>", "<html>x|</html>"),
        ("<p>x</p>", "<p>x</p>|"),
        ("x<!-- </body> -->", "x<!-- </body> -->|"),
        ("x</body><!-- </body> --></html>", "x|</body><!-- </body> --></html>"),
        ("<script>'</body>'</script></body>", "<script>'</body>'</script>|</body>"),
    ],
)
def test_the_pixel_stands_at_the_end_of_the_body(source, expected):
    added = add_pixel(source, "https://t.example/o?a&b")

    pixel = '<img src="https://t.example/o?a&amp;b" width="1" height="1" alt="" style="border:0;width:1px;height:1px">'
    assert added == expected.replace("|", pixel)


@pytest.mark.parametrize(
    ("source", "start"),
    [("<html><BODY class='x>y'>Hi</body>", "<html><BODY class='x>y'>"), ("<!-- <body> --><p>Hi</p>", "")],
)
def test_the_preheader_is_hidden_at_the_start_of_the_body(source, start):
    added = add_preheader(source, "50 % & <more>")

    preheader = added.removeprefix(start).removesuffix(source.removeprefix(start))
    assert preheader.startswith('<div style="display:none;') and preheader.endswith(">50 % &amp; &lt;more&gt;</div>")
    assert text_from_html(added) == "Hi"


def test_the_footer_holds_address_and_way_out_escaped():
    added = add_footer("<body>x</body>", postal_address="A & B\n<Street> 1\n", unsubscribe_url="https://u.example/?a&b")

    assert "A &amp; B<br>&lt;Street&gt; 1<br>" in added
    assert links(added) == ["https://u.example/?a&b"]
    assert added.endswith("</div></body>")


def test_style_sheets_move_into_the_tags_and_media_queries_stay():
    inlined = inline_css("<style>p{color:red}@media (max-width:9px){p{color:blue}}</style><p>x</p>")

    assert '<p style="color: red;">x</p>' in inlined
    assert "@media" in inlined


def test_html_without_style_sheets_is_not_touched():
    source = "<P class=x>&nbsp;<br/>"

    assert inline_css(source) is source


@pytest.mark.parametrize("link", ["file:///etc/passwd", "http://127.0.0.1:9/x.css", "https://a.example/x.css"])
def test_nothing_is_loaded_from_outside(link):
    started = time.monotonic()
    inlined = inline_css(f'<style>p{{color:red}}</style><link rel="stylesheet" href="{link}"><p>x</p>')

    assert "root:" not in inlined
    assert time.monotonic() - started < 1


LIQUID = """<style>td{padding:4px}</style>
<p {% if vip %}class="a"{% endif %} {{ more }} id=x>Hi {{ first_name | default: "there" }} &amp; co lq</p>
<a href="{{ website | default: "https://x.example" }}">x</a>
<table>{% for item in items %}<tr><td>{{ item }}</td></tr>{% endfor %}</table>
<!-- {% if not_shown %} --><title>{{ title }}</title>"""


def test_liquid_survives_inlining_piece_by_piece():
    inlined = inline_css(LIQUID)

    for piece in ("{% if vip %}class", "{% endif %}", '{{ first_name | default: "there" }}', "{{ title }}"):
        assert piece in inlined
    assert 'href="{{ website | default: "https://x.example" }}"' in inlined
    assert '<td style="padding: 4px;">{{ item }}</td>' in inlined
    assert inlined.index("<table>") < inlined.index("{% for") < inlined.index("{{ item }}") < inlined.index("{% endfor")
    assert "{{ more }} id=" in inlined
    assert "<!-- {% if not_shown %} -->" in inlined
    assert "co lq<" in inlined


def test_a_style_that_cannot_be_read_is_refused_with_a_reason():
    with pytest.raises(HtmlInvalid) as refusal:
        inline_css("<style>p{color:red}</style><p style='color'>x</p>")

    assert (refusal.value.code, refusal.value.status) == ("html_invalid", 400)
    assert "End of input" in refusal.value.message


HOSTILE_PIECES = ["<!--", "<a href='", '<a x="', "<a ", "<", "<script>", "<a b=", "</", "&#", "<title", "/ ", "=a"]


@pytest.mark.parametrize("piece", [*HOSTILE_PIECES, "<a href=https://x "])
def test_hostile_markup_is_read_in_linear_time(piece):
    source = "<a " + piece * (90_000 // len(piece))

    started = time.thread_time()
    replace_links(source, tracked)

    assert time.thread_time() - started < 0.5


def test_a_page_of_links_keeps_their_order_and_number():
    source = "".join(f'<a href="https://x.example/{n % 3}">{html.escape("<&>")}</a>\n' for n in range(9))

    assert links(source) == [f"https://x.example/{n % 3}" for n in range(9)]
