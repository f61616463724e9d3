"""The plain text of a mail, for readers and filters that do not look at HTML."""

import re

from inscriptis import Inscriptis
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig
from lxml import etree  # type: ignore[import-untyped]
from lxml.html import HtmlElement, HTMLParser, document_fromstring  # type: ignore[import-untyped]

from campaigns.content.errors import BodyRefused

_CONFIG = ParserConfig(css=STRICT_CSS_PROFILE, display_links=False, display_images=False)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|(?:max-height|font-size|opacity)\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_LINK_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_COLUMN_GAP = re.compile(r"(?<=\S)[ \t\u00a0]{3,}")
_BLANK_LINES = re.compile(r"\n{3,}")


def text_from_html(source: str) -> str:
    """Rendered HTML as readable plain text, each link's address behind its words, without what HTML hides.

    Lines are not wrapped, carry no trailing blanks and are separated by at most one empty line; an empty document gives
    an empty text.
    """
    if not source.strip():
        return ""
    try:
        # libxml2 stops at a NUL and nests at most 255 elements, which bounds the recursion of inscriptis.
        root = document_fromstring(source.replace("\0", "").encode(), parser=HTMLParser(encoding="utf-8"))
    except UnicodeEncodeError as error:
        raise BodyRefused("html", "holds half a character (a lone surrogate)", "Paste the text again.") from error
    except etree.ParserError:  # nothing but comments
        return ""
    _drop_hidden(root)
    _write_out_links(root)
    _escape_once_more(root)
    return _tidy(Inscriptis(root, _CONFIG).get_text())


def add_footer(text: str, *, postal_address: str, unsubscribe_url: str, wording: str = "Unsubscribe") -> str:
    """`text` with the sender's postal address and the way out below the signature line mail programs know."""
    return f"{text.rstrip()}\n\n-- \n{postal_address.strip()}\n{wording}: {unsubscribe_url}\n"


def _drop_hidden(root: HtmlElement) -> None:
    """Take out what readers of the HTML do not see either, such as a preheader; the text behind an element stays."""
    for element in list(root.iter(etree.Element)):
        if "hidden" in element.attrib or _HIDDEN_STYLE.search(element.get("style", "")):
            element.drop_tree()


def _write_out_links(root: HtmlElement) -> None:
    for link in list(root.iter("a")):
        target = (link.get("href") or "").strip()
        if not target.lower().startswith(_LINK_SCHEMES):
            continue
        words = " ".join(link.text_content().split()) or _image_words(link)
        shown = target.removeprefix("mailto:").removeprefix("tel:")
        for child in list(link):
            child.drop_tag()
        link.text = words if _is_same(words, shown) else f"{words} ({shown})".strip()


def _image_words(link: HtmlElement) -> str:
    return next((image.get("alt", "").strip() for image in link.iter("img") if image.get("alt", "").strip()), "")


def _is_same(words: str, target: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"^https?://", "", text.lower()).rstrip("/")

    return bool(words) and bare(words) == bare(target)


def _escape_once_more(root: HtmlElement) -> None:
    """inscriptis reads character references in what is already text: an `&lt;` someone wrote about would become `<`."""
    for element in root.iter(etree.Element):
        element.text = element.text and element.text.replace("&", "&amp;")
        element.tail = element.tail and element.tail.replace("&", "&amp;")


def _tidy(text: str) -> str:
    lines = (_COLUMN_GAP.sub("  ", line).rstrip() for line in text.replace("\u00a0", " ").splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
