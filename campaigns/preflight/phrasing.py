"""What a reader, a filter or a mail program would mind in one wording. All of it is advice: none of it blocks."""

import re
from collections.abc import Callable, Iterator

from campaigns.content.errors import BodyRefused
from campaigns.content.html import links
from campaigns.content.leftovers import foreign_placeholder, without_liquid
from campaigns.content.markup import Tag, tags
from campaigns.content.text import text_from_html
from campaigns.errors import AdviceCode
from campaigns.models import Variant
from campaigns.preflight.problems import INFO, WARN, Problem, place_of
from campaigns.sending.wording import wording_of
from campaigns_project.errors import Refused

SUBJECT_SHOWN = 60  # characters that mail programs on a desk show; a phone shows some 40
CUT_OFF = 100_000  # bytes of HTML; Gmail shows about 102 KB and a link to the rest
MOST_LINKS = 3  # in a first mail, from somebody one does not know
ALIKE = 0.3  # share of words that two bodies of one mail have in common at least
FEW_WORDS = 8  # of which nothing can be said
_FALSE_REPLY = re.compile(r"\s*(re|fwd?|aw|wg)\s*:", re.IGNORECASE)
_FOOTER = ("postal_address", "unsubscribe_url")
_WORD = re.compile(r"[^\W\d_]{2,}")
# What filters hold against a stranger's mail. Whole words alone: “free” says nothing about “freedom” or “carefree”.
_PUSHY = re.compile(
    r"\b(?:100 ?% free|act now|amazing deal|as seen on|best price|buy now|cash bonus|cheap(?:est)?|click (?:here|below)"
    r"|congratulations|dear friend|double your (?:income|money|sales)|earn (?:extra )?(?:cash|money)"
    r"|exclusive (?:deal|offer)|extra income|for free|free (?:gift|money|trial)|get rich|guaranteed?|incredible"
    r"|instant(?:ly)? rich|last chance|limited[- ]time|lowest price|make money|millions? of dollars|money[- ]back"
    r"|no (?:catch|cost|obligation|risk|strings attached)|offer expires|once in a lifetime|one[- ]time offer|order now"
    r"|risk[- ]free|special promotion|this is not spam|unbelievable|urgent|while supplies last|winner|you have won)\b",
    re.IGNORECASE,
)


def advise_on(variant: Variant) -> Iterator[Problem]:
    """Warnings and notes about one wording, stored or still being written."""
    for look in _LOOKS:
        yield from look(variant)


def _subject(variant: Variant) -> Iterator[Problem]:
    if variant.step.is_reply:
        if variant.subject.strip():
            message = "its subject is not used, since it answers the first mail under that one's."
            yield _found(variant, AdviceCode.SUBJECT_NOT_USED, message, "", INFO)
        return
    if variant.step.position == 1 and _FALSE_REPLY.match(variant.subject):
        message = "the subject begins as if it were an answer."
        yield _found(variant, AdviceCode.FALSE_REPLY, message, "Nobody likes to be deceived; leave it out.")
    words = without_liquid(variant.subject)
    if "!!" in words or (len(words) > 8 and words.isupper()):
        yield _found(variant, AdviceCode.SHOUTING, "the subject shouts.", "Write it as one person to another.")
    if len(words.strip()) > SUBJECT_SHOWN:
        message = f"the subject has {len(words.strip())} characters besides its merge fields."
        hint = f"Mail programs cut it after about {SUBJECT_SHOWN}, on a phone after 40: begin with what matters."
        yield _found(variant, AdviceCode.SUBJECT_LONG, message, hint, INFO)


def _links(variant: Variant) -> Iterator[Problem]:
    targets = links(variant.body_html)
    plain = [url for url in targets if url.lower().startswith("http://")]
    if plain:
        message = f"{plain[0][:80]} is a link without https."
        yield _found(variant, AdviceCode.LINK_NOT_HTTPS, message, "Write https:// where the site offers it.")
    if any(_leads_nowhere(tag) for tag in _opening(variant, "a")):
        message = "a link leads nowhere: it has no address yet."
        yield _found(variant, AdviceCode.LINK_NOWHERE, message, "Give it one, or take the link out.")
    pictures = sum(1 for _ in _opening(variant, "img"))
    if variant.step.position == 1 and (len(targets) > MOST_LINKS or pictures):
        what = [
            f"{number} {name}{'s'[: number != 1]}" for number, name in ((len(targets), "link"), (pictures, "picture"))
        ]
        message = f"it is the first mail to a stranger, with {' and '.join(what)}."
        hint = "Filters trust a first mail of plain words more: keep links and pictures for the next one."
        yield _found(variant, AdviceCode.FIRST_MAIL_HEAVY, message, hint, INFO)


def _pictures(variant: Variant) -> Iterator[Problem]:
    silent = sum(1 for tag in _opening(variant, "img") if tag.get("alt") is None)
    if silent:
        message = (
            f"{'a picture says' if silent == 1 else f'{silent} pictures say'} nothing where pictures are not shown."
        )
        hint = 'Give it an alt text; alt="" where it is mere decoration.'
        yield _found(variant, AdviceCode.IMAGE_WITHOUT_ALT, message, hint, INFO)


def _size(variant: Variant) -> Iterator[Problem]:
    html = wording_of(variant).html
    size = len(html.source.encode()) if html else 0
    if size > CUT_OFF:
        message = f"the HTML has {size // 1000:,} KB, and Gmail cuts a mail off after 102 KB."
        yield _found(variant, AdviceCode.MAIL_CUT_OFF, message, "Take out styles and markup that nothing needs.")


def _footer(variant: Variant) -> Iterator[Problem]:
    used = [f"{{{{ {name} }}}}" for name in _FOOTER if name in wording_of(variant).fields]
    if len(used) == 1:
        message = f"of its footer it has {used[0]} alone, so that one with address and opt-out is added below."
        hint = "Write {{ postal_address }} and {{ unsubscribe_url }}, or neither."
        yield _found(variant, AdviceCode.HALF_A_FOOTER, message, hint, INFO)


def _words(variant: Variant) -> Iterator[Problem]:
    shown = [without_liquid(variant.subject), without_liquid(variant.preheader), _read(variant.body_html)]
    text = " ".join([*shown, without_liquid(variant.body_text)])
    found = list(dict.fromkeys(match[0].lower() for match in _PUSHY.finditer(text)))
    if found:
        message = f"it sounds like an advertisement: {', '.join(f'“{word}”' for word in found[:5])}."
        yield _found(variant, AdviceCode.PUSHY_WORDS, message, "Say it as you would to somebody you know.", INFO)


def _two_bodies(variant: Variant) -> Iterator[Problem]:
    bodies = (_read(variant.body_html), without_liquid(variant.body_text))
    html, text = (set(_WORD.findall(body.lower())) for body in bodies)
    fewer = min(len(html), len(text))
    if fewer > FEW_WORDS and len(html & text) < ALIKE * fewer:
        message = "the text body says something else than the HTML body."
        hint = "Filters compare them. Empty the text body, and it is made from the HTML."
        yield _found(variant, AdviceCode.TEXT_DIFFERS, message, hint, INFO)


def _leftovers(variant: Variant) -> Iterator[Problem]:
    """Texts that were written for another tool; one of each variant is enough to look."""
    texts = (foreign_placeholder(text) for text in (variant.subject, variant.preheader, variant.body_text))
    found = next(filter(None, texts), "") or foreign_placeholder(html=variant.body_html)
    if found:
        hint = "Merge fields are written {{ first_name }}. Several wordings are several variants."
        yield _found(variant, AdviceCode.FOREIGN_PLACEHOLDER, f"{found} will be read as it stands.", hint)


def _compiled(look: Callable[[Variant], Iterator[Problem]]) -> Callable[[Variant], Iterator[Problem]]:
    """`look` for wordings that can be used; what keeps another one from it is said elsewhere."""

    def looked(variant: Variant) -> Iterator[Problem]:
        try:
            wording_of(variant)
        except Refused:
            return
        yield from look(variant)

    return looked


_LOOKS = (_subject, _links, _leftovers, _compiled(_size), _compiled(_footer), _two_bodies, _pictures, _words)


def _found(variant: Variant, code: AdviceCode, message: str, hint: str, level: str = WARN) -> Problem:
    place = place_of(variant.step, variant)
    return Problem(code, f"{place}: {message}", hint, level, place=place)


def _opening(variant: Variant, name: str) -> Iterator[Tag]:
    return (tag for tag in tags(variant.body_html) if tag.name == name and not tag.closing)


def _counted(number: int, name: str) -> str:
    return f"1 {name}" if number == 1 else f"{number} {name}s"


def _leads_nowhere(tag: Tag) -> bool:
    """Whether it looks like a link and is none; without `href` it is the aim of one."""
    href = tag.get("href")
    return href is not None and href.value.strip() in {"", "#", "http://", "https://"}


def _read(html: str) -> str:
    """What people read of a body; nothing of one that cannot be read at all."""
    try:
        return text_from_html(without_liquid(html))
    except BodyRefused:
        return ""
