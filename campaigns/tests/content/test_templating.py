import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content import liquid_environment, templating
from campaigns.content.errors import MergeValueMissing, TemplateInvalid
from campaigns.content.fields import KNOWN_FIELDS, UnknownField
from campaigns.content.templating import fields, render, unknown_fields

BIG = "x" * 60_000
VALUES = {"first_name": "Ada", "company": "A & <B>", "custom.industry": "steel", "last_name": "  ", "big": BIG}


def rendered(source, values=VALUES, *, html=False):
    return render(templating.compile(source, html=html), values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hi {{ first_name }}!", "Hi Ada!"),
        ("{{ custom.industry }} {{ custom['industry'] }}", "steel steel"),
        ("{{ last_name | default: 'there' }}", "there"),
        ('{{ nobody|default:"there" }}', "there"),
        ("{{ last_name | upcase | default: 'there' }}", "there"),
        ("{{ last_name | default: '' }}|", "|"),
        ("{{ last_name | default: first_name }}", "Ada"),
        ("{% if last_name %}yes{% else %}no{% endif %}", "no"),
        ("{% if first_name %}yes{% else %}no{% endif %}", "yes"),
        ("{% unless last_name %}no{% endunless %}", "no"),
        ("{% if last_name == blank %}none{% endif %}", "none"),
        ("{% if last_name == empty %}none{% endif %}", "none"),
        ("{% if last_name == nil %}none{% endif %}", "none"),
        ("{% if last_name == '' %}none{% endif %}", "none"),
        ("{% if first_name != blank %}some{% endif %}", "some"),
        ("{% if last_name contains 'x' or company contains 'B' %}B{% endif %}", "B"),
        ("{% case last_name %}{% when blank %}none{% else %}some{% endcase %}", "none"),
        ("{% for part in last_name %}x{% endfor %}", ""),
        ("{% assign name = last_name | default: 'you' %}{{ name }}", "you"),
        (
            "{% assign parts = 'a b' | split: ' ' %}{% for part in parts %}{{ part }}{{ forloop.index }}{% endfor %}",
            "a1b2",
        ),
        ("{% for n in (1..3) %}{{ n }}{{ first_name }}{% endfor %}", "1Ada2Ada3Ada"),
        ("{% comment %}{{ nobody }}{% endcomment %}{% # a note %}ok", "ok"),
        ("{{ 'a' | append: first_name | truncate: 3, '' }}", "aAd"),
        ("100% {of} }} it", "100% {of} }} it"),
    ],
)
def test_merge_fields_are_filled_in(source, expected):
    assert rendered(source) == expected


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ("{{ last_name }}", "last_name"),
        ("{{ nobody }}", "nobody"),
        ("{{ custom.colour }}", "custom.colour"),
        ("{{ last_name | upcase }}", "last_name"),
        ("{{ first_name | append: last_name }}", "last_name"),
        ("{{ first_name | truncate: nobody }}", "nobody"),
        ("{{ nobody | default: last_name }}", "last_name"),
        ("{% assign name = last_name %}{{ name }}", "last_name"),
        ("{% capture name %}{{ last_name }}{% endcapture %}", "last_name"),
        ("{% for n in (1..2) %}{{ last_name }}{% endfor %}", "last_name"),
        ("{% echo last_name %}", "last_name"),
        ("{{ first_name.size }}", "first_name.size"),
        ("{% assign parts = 'a' | split: ' ' %}{{ parts[3] }}", "parts.3"),
    ],
)
def test_a_missing_value_without_a_fallback_stops_the_mail_and_is_named(source, field):
    with pytest.raises(MergeValueMissing) as missing:
        rendered(source)

    assert (missing.value.field, missing.value.code) == (field, "merge_value_missing")


@pytest.mark.parametrize("name", ["now", "today", "partial", "per_pass", "self", "environment", "__class__"])
@pytest.mark.parametrize(
    "place", ["{{ %s }}", "{%% for n in (1..2) %%}{{ %s }}{%% endfor %%}", "{%% assign a = 1 %%}{{ %s }}"]
)
def test_nothing_but_the_values_is_in_scope(name, place):
    with pytest.raises(MergeValueMissing):
        rendered(place % name)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ company }}", "A &amp; &lt;B&gt;"),
        ("{{ company | upcase }}", "A &amp; &lt;B&gt;"),
        ("{{ 'x' | append: company }}", "xA &amp; &lt;B&gt;"),
        ("{{ company | prepend: '<i>' }}", "<i>A &amp; &lt;B&gt;"),
        ("{{ nobody | default: company }}", "A &amp; &lt;B&gt;"),
        ("{{ company | replace: 'A', '<i>' }}", "&lt;i&gt; &amp; &lt;B&gt;"),
        ("{{ '<i>$</i>' | replace: '$', company }}", "<i>A &amp; &lt;B&gt;</i>"),
        ("{{ company | split: ' ' | join: '<br>' }}", "A<br>&amp;<br>&lt;B&gt;"),
        ("{% capture c %}<b>{{ company }}</b>{% endcapture %}{{ c }}", "<b>A &amp; &lt;B&gt;</b>"),
        ("{% for part in company %}{{ part }}{% endfor %}", "A &amp; &lt;B&gt;"),
        ("{% cycle company %}", "A &amp; &lt;B&gt;"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
)
def test_values_are_escaped_in_html_and_the_template_is_not(source, expected):
    assert rendered(source, html=True) == expected


def test_values_are_not_escaped_in_text():
    assert rendered("{{ company }}") == "A & <B>"


@given(
    st.text(max_size=60),
    st.sampled_from(["", "| upcase", "| append: '<'", "| truncate: 9", "| squish", "| newline_to_br"]),
)
def test_no_value_ever_opens_a_tag_in_html(value, filters):
    output = rendered(f"{{{{ first_name | default: 'x' {filters} }}}}", {"first_name": value}, html=True)

    # Only what stands in the template may be markup: the literal '<' and the <br /> of newline_to_br.
    assert output.replace("<br />", "").removesuffix("<").count("<") == 0


def test_fields_lists_what_the_template_reads_from_a_recipient():
    template = templating.compile(
        "{{ first_name }}{% if company %}{{ custom.industry | default: title }}{% endif %}"
        "{% assign mine = city %}{{ mine }}{% for x in phone %}{{ x }}{% endfor %}"
    )

    assert fields(template) == {"first_name", "company", "custom.industry", "title", "city", "phone"}


def test_a_field_the_template_sets_in_one_branch_is_still_read_in_the_other():
    template = templating.compile("{% if title %}{% assign company = 'x' %}{% endif %}{{ company }}")

    assert fields(template) == {"title", "company"}
    assert render(template, {"company": "Acme"}) == "Acme"


def test_unknown_fields_come_with_the_nearest_known_one():
    template = templating.compile("{{ firstname }} {{ First_Name }} {{ custom.anything }} {{ zzz }} {{ email }}")

    assert unknown_fields(template) == [
        UnknownField("First_Name", "first_name"),
        UnknownField("firstname", "first_name"),
        UnknownField("zzz", ""),
    ]
    assert str(unknown_fields(template)[1]) == "Unknown field firstname. Did you mean first_name?"


def test_custom_fields_can_be_held_to_those_that_exist():
    template = templating.compile("{{ custom.industri }} {{ custom.size }}")
    known = (KNOWN_FIELDS - {"custom.*"}) | {"custom.industry", "custom.size"}

    assert unknown_fields(template, known) == [UnknownField("custom.industri", "custom.industry")]


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("a\nb {{ first_name", 2, "{{ is not closed"),
        ("a\n\n{% if company %}", 3, "expected tag endif"),
        ("{% endfor %}", 1, "unexpected tag"),
        ("\n{{ a b }}", 2, "expected end of expression"),
        ("\n\n{{ first_name | shout }}", 3, "there is no filter shout"),
        ("\n{{ first_name[company] }}", 2, "cannot be computed"),
        ("\n{% break %}", 2, "outside a loop"),
        ("\n{% if company > 3 %}{% endif %}", 2, "not supported"),
        ("\n{% for n in (1..company) %}{% endfor %}", 2, "a range must be two numbers"),
    ],
)
def test_a_bad_template_is_refused_with_the_line_and_the_reason(source, line, reason):
    with pytest.raises(TemplateInvalid) as refusal:
        rendered(source)

    assert (refusal.value.line, refusal.value.code) == (line, "template_invalid")
    assert reason in refusal.value.reason


FORBIDDEN_TAGS = ["include 'x'", "render 'x'", "liquid echo first_name", "raw", "doc", "tablerow a in b", "increment a"]
FORBIDDEN_TAGS += [
    "extends 'x'",
    "load static",
    "csrf_token",
    "url 'admin:index'",
    "debug",
    "import x",
    "layout 'x'",
    "",
]


@pytest.mark.parametrize("tag", FORBIDDEN_TAGS)
def test_no_tag_reaches_files_other_templates_or_the_server(tag):
    with pytest.raises(TemplateInvalid):
        rendered(f"{{% {tag} %}}")


@pytest.mark.parametrize("name", ["safe", "escapejs", "date", "times", "map", "where", "sort", "base64_decode", "json"])
def test_no_filter_but_the_listed_ones_is_there(name):
    with pytest.raises(TemplateInvalid, match="no filter"):
        rendered(f"{{{{ first_name | {name} }}}}")


LOOP = "{% for i in (1..1000) %}"
HOSTILE = {
    "nested loops": LOOP * 3 + "x" + "{% endfor %}" * 3,
    "empty nested loops": LOOP * 3 + "{% endfor %}" * 3,
    "loops in a row": (LOOP + "{% if first_name %}x{% endif %}{% endfor %}") * 100,
    "huge range": "{% for i in (1..99999999) %}x{% endfor %}",
    "huge range reversed": "{% for i in (1..999999999999) reversed %}x{% endfor %}",
    "range without end": "{% for i in (1.." + "9" * 900 + ") %}x{% endfor %}",
    "range joined": "{{ (1..99999999) | join: ',' }}",
    "append doubling": "{% assign a = 'xxxx' %}" + LOOP + "{% assign a = a | append: a %}{% endfor %}",
    "replace squaring": "{% assign a = 'xxxxxxxxxxxx' %}" + LOOP + "{% assign a = a | replace: 'x', a %}{% endfor %}",
    "replace of a big value": "{{ big | replace: 'x', big }}",
    "replace of nothing": "{{ big | replace: '', big }}",
    "replace_first doubling": "{% assign a = big %}" + LOOP + "{% assign a = a | replace_first: 'x', a %}{% endfor %}",
    "join squaring": "{% assign a = big | split: '' %}{{ a | join: big }}",
    "capture doubling": "{% assign a = 'x' %}" + LOOP + "{% capture a %}{{ a }}{{ a }}xxxx{% endcapture %}{% endfor %}",
    "captures of a big value": LOOP + "{% capture a %}{{ big }}{{ big }}{{ big }}{% endcapture %}{% endfor %}",
    "output of a big value": LOOP + "{{ big }}{% endfor %}",
    "output of a big literal": LOOP + BIG + "{% endfor %}",
    "splits of a big value": LOOP + "{% assign a = big | split: '' %}{% endfor %}",
    "loops over letters": "{% assign a = big | split: '' %}" + "{% for i in a %}" * 3 + "{% endfor %}" * 3,
    "growing capitals": "{% assign a = 'ß' %}" + LOOP + "{% assign a = a | append: a | upcase %}{% endfor %}",
    "many comparisons": LOOP + "{% case big %}{% when " + "1," * 450 + " 1 %}{% endcase %}{% endfor %}",
    "long conditions": "{% if " + "big and " * 120 + "big %}{% endif %}" * 200,
    "deep blocks": "{% if first_name %}" * 500 + "{% endif %}" * 500,
    "deep brackets": "{{ " + "a[" * 400 + " }}",
    "deep parentheses": ("{{ " + "(" * 900 + " }}") * 30,
    "unclosed outputs": "{{ " * 80_000,
    "unclosed tags": "{% " * 80_000,
    "unclosed in a comment": "{% comment %}" + "{{ " * 60_000,
    "blanks without end": "{{" + " " * 200_000,
    "blanks inside": ("{{" + (" " * 41 + "a") * 20 + "}}") * 280,
    "unclosed quotes": ("{{ " + "'" * 900 + " }}") * 30,
    "unclosed brackets": ("{{ " + "[' " * 300 + " }}") * 30,
    "too many tags": "{{ first_name }}" * 15_000,
    "too long": "x" * 300_000,
    "raw blocks": "{% raw %}" * 20_000,
    "every encoded letter": "{{ big | replace: 'x', '€' | url_encode }}",
    "cycles": LOOP + "{% cycle big, big, big, big, big, big, big %}{% endfor %}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused_with_a_reason_before_it_costs_anything(name):
    template, started = HOSTILE[name], time.thread_time()

    with pytest.raises(TemplateInvalid) as refusal:
        rendered(template, html=True)

    # The thread's own time: what others do to this machine meanwhile is not the template's cost.
    assert time.thread_time() - started < 0.2
    assert 0 < len(refusal.value.reason) < 300


@given(st.text(alphabet="{}%|'\"()[].,:-=<> \nab1", max_size=80))
def test_any_text_is_either_a_template_or_refused_as_one(source):
    try:
        output = rendered(source, {"a": "1", "b": "<"})
    except (TemplateInvalid, MergeValueMissing) as refusal:
        output = str(refusal)

    assert isinstance(output, str)


EXPRESSIONS = ["a", "b", "nobody", "'x'", "3", "-1.5", "(1..3)", "nil", "true", "empty", "forloop", "a.b[0]", "x.first"]
FILTERS = sorted(liquid_environment.FILTERS)


@given(
    left=st.sampled_from(EXPRESSIONS),
    chain=st.lists(st.tuples(st.sampled_from(FILTERS), st.lists(st.sampled_from(EXPRESSIONS), max_size=3))),
    html=st.booleans(),
)
def test_any_chain_of_filters_gives_text_or_a_reason(left, chain, html):
    filters = "".join(f" | {name}: {', '.join(arguments)}" if arguments else f" | {name}" for name, arguments in chain)
    condition = f"{{% if {left} == a or b contains {left} %}}{{% endif %}}"
    source = f"{{% for x in (1..2) %}}{{{{ {left}{filters} }}}}{condition}{{% endfor %}}"

    try:
        output = rendered(source, {"a": "1", "b": "<"}, html=html)
    except (TemplateInvalid, MergeValueMissing) as refusal:
        output = str(refusal)

    assert isinstance(output, str)
