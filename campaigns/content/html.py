"""What is done to the HTML of a mail: CSS into the tags, links through the tracker, footer and pixel before the end.

Edits are spliced into the text; whatever is not edited stays as its author wrote it, byte for byte.
"""

import html
import re
from collections.abc import Callable, Collection, Iterator

import css_inline
from markupsafe import escape

from campaigns.content.errors import BodyRefused, HtmlInvalid
from campaigns.content.liquid_limits import check_source
from campaigns.content.markup import RAW_TEXT, Attribute, tags

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False,  # a template must not make this server fetch a URL or a file
    keep_at_rules=True,  # @media has no inline form
)
# Mail programs cut a mail off at about 100 KB, long before it has so many; each costs some microseconds to look at.
MAX_TAGS = 10_000
# Rules times tags: each rule is held against each tag, and nobody else is answered meanwhile. These take half a second.
MAX_STYLING = 25_000_000
_LINKING = frozenset({"a", "area"})
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def inline_css(source: str) -> str:
    """The document with its style sheets written into style attributes; unchanged when it has none.

    `source` may still hold Liquid: it is taken out before and put back after, so that one inlining serves a whole
    campaign. Nothing is ever loaded from outside. HtmlInvalid when a style sheet cannot be read, BodyRefused for more
    tags than a mail may have, TemplateInvalid for Liquid that would be dear to find in it.
    """
    check_source(source)  # `_LIQUID` takes quadratic time where what opens is never closed
    check_tags(source)
    if not any(tag.name == "style" for tag in tags(source)):
        return source
    if source.count("{") * source.count("<") > MAX_STYLING:
        raise BodyRefused("html", "has too many style rules for so many tags", "Take out rules that style nothing.")
    pieces: list[str] = []
    mark = "lq"
    while mark in source.lower():
        mark += "q"
    try:
        inlined = _INLINER.inline(_with_stand_ins(source, mark, pieces))
    except css_inline.InlineError as error:
        raise HtmlInvalid(str(error)) from error
    return _with_liquid(inlined, mark, pieces)


def check_tags(source: str) -> None:
    """BodyRefused for HTML that would take long to look at: with more than MAX_TAGS tags, or what may be one."""
    if source.count("<") > MAX_TAGS:
        raise BodyRefused("html", f"has more than {MAX_TAGS:,} tags", "Take out what nobody would read.")


def links(source: str) -> list[str]:
    """The http and https targets of the links, in order, each as often as it stands there."""
    return [target for _, target in _web_links(source)]


def replace_links(source: str, url_for: Callable[[str], str], *, keep: Collection[str] = ()) -> str:
    """`source` with each http(s) link leading to `url_for(target)`; `keep` are targets that stay (to unsubscribe).

    Links in comments, scripts and Outlook's conditional comments, other schemes and anchors stay as they are.
    """
    pieces = []
    position = 0
    for attribute, target in _web_links(source):
        if target in keep:
            continue
        pieces += [source[position : attribute.start], _quoted(url_for(target))]
        position = attribute.end
    return "".join([*pieces, source[position:]])


def add_preheader(source: str, text: str) -> str:
    """`source` with `text` as the hidden line mail programs show behind the subject, at the start of its body."""
    style = "display:none;max-height:0;overflow:hidden;mso-hide:all"
    hidden = f'<div style="{style}">{escape(text)}</div>'  # as the template engine escapes its values
    body = next((tag for tag in tags(source) if tag.name == "body" and not tag.closing), None)
    position = body.end if body else 0
    return source[:position] + hidden + source[position:]


def add_pixel(source: str, url: str) -> str:
    """`source` with an invisible image at the end of its body."""
    pixel = f'<img src={_quoted(url)} width="1" height="1" alt="" style="border:0;width:1px;height:1px">'
    return _before_body_end(source, pixel)


def add_footer(source: str, *, postal_address: str, unsubscribe_url: str, wording: str = "Unsubscribe") -> str:
    """`source` with the sender's postal address and the way out at the end of its body; all values are escaped."""
    address = html.escape(postal_address.strip()).replace("\n", "<br>")
    way_out = f'<a href={_quoted(unsubscribe_url)} style="color:#666">{html.escape(wording)}</a>'
    style = "margin-top:24px;font-size:12px;line-height:1.5;color:#666"
    return _before_body_end(source, f'<div style="{style}">{address}<br>{way_out}</div>')


def _web_links(source: str) -> Iterator[tuple[Attribute, str]]:
    for tag in tags(source):
        href = tag.get("href") if tag.name in _LINKING and not tag.closing else None
        # Browsers drop blanks around and line breaks inside an address (URL standard, 4.4).
        target = re.sub(r"[\t\r\n]", "", href.value).strip() if href else ""
        if href and target.lower().startswith(("http://", "https://")):
            yield href, target


def _quoted(value: str) -> str:
    return f'"{html.escape(value)}"'


def _before_body_end(source: str, addition: str) -> str:
    ends = {tag.name: tag.start for tag in tags(source) if tag.closing}
    position = ends.get("body", ends.get("html", len(source)))
    return source[:position] + addition + source[position:]


def _with_stand_ins(source: str, mark: str, pieces: list[str]) -> str:
    """Each piece of Liquid replaced by a word made of `mark`; between tags, `{% %}` by a comment.

    The HTML parser moves words out of a table; a comment may stand there.
    """

    def word(found: re.Match[str]) -> str:
        pieces.append(found.group())
        return f"{mark}t{len(pieces) - 1}e"

    text = _LIQUID.sub(word, source)
    out, position, is_raw = [], 0, False
    for tag in tags(text):
        between = text[position : tag.start]
        out += [between if is_raw else _as_comments(between, mark, pieces)]
        out += [text[tag.start : tag.end].replace(f"{mark}t", f"{mark}a")]
        position, is_raw = tag.end, tag.name in RAW_TEXT and not tag.closing
    return "".join([*out, _as_comments(text[position:], mark, pieces)])


def _as_comments(text: str, mark: str, pieces: list[str]) -> str:
    def placed(found: re.Match[str]) -> str:
        number = found.group(1)
        return f"<!--{mark}c{number}e-->" if number and pieces[int(number)].startswith("{%") else found.group()

    return re.sub(rf"<!--.*?(?:-->|$)|{mark}t(\d+)e", placed, text, flags=re.DOTALL)


def _with_liquid(inlined: str, mark: str, pieces: list[str]) -> str:
    # A piece that stood alone among attributes comes back as an attribute without a value: lqa7e="".
    pattern = rf'<!--{mark}c(\d+)e-->|{mark}a(\d+)e(?:="")?|{mark}t(\d+)e'
    return re.sub(pattern, lambda found: pieces[int(found[found.lastindex or 1])], inlined)
