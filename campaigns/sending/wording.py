"""A variant made ready to be rendered many times: compiled once per version, CSS inlined."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from campaigns.content import html as html_content
from campaigns.content import templating, text
from campaigns.content.templating import Template, rendered_subject
from campaigns.models import Variant, VariantVersion

# The merge field a follow-up's subject is made of; no template of an operator may use it.
THREAD_SUBJECT = "thread_subject"


@dataclass(frozen=True)
class Rendered:
    """What one person gets to read; `html` is empty for a mail in plain text alone."""

    subject: str
    html: str
    text: str
    preheader: str = ""  # which stands in the HTML, unseen


@dataclass(frozen=True)
class Wording:
    """The compiled templates of one version of a variant."""

    subject: Template
    preheader: Template
    html: Template | None
    text: Template | None
    fields: frozenset[str]
    is_reply: bool = False  # under the subject of the mails before it, which comes as THREAD_SUBJECT

    @property
    def has_footer(self) -> bool:
        """Whether it says by itself who writes and how to opt out."""
        return {"unsubscribe_url", "postal_address"} <= self.fields

    @property
    def shown_fields(self) -> frozenset[str]:
        """The merge fields that show in a mail of it, those of an added footer too."""
        return self.fields if self.has_footer else self.fields | {"postal_address"}

    def render(self, values: Mapping[str, str]) -> Rendered:
        """The mail for one person; MergeValueMissing or TemplateInvalid where it cannot be made.

        A footer with postal address and opt-out is added unless the wording has both itself. The subject of a reply is
        the thread's, empty where the values hold none.
        """
        footer = {"postal_address": values.get("postal_address", ""), "unsubscribe_url": values["unsubscribe_url"]}
        preheader = templating.render(self.preheader, values).strip() if self.html else ""
        html = self._html(values, preheader)
        plain = templating.render(self.text, values) if self.text else text.text_from_html(html)
        if not self.has_footer:
            html = html and html_content.add_footer(html, **footer)
            plain = text.add_footer(plain, **footer)
        subject = values.get(THREAD_SUBJECT, "") if self.is_reply else rendered_subject(self.subject, values)
        return Rendered(subject=subject, html=html, text=plain, preheader=preheader)

    def _html(self, values: Mapping[str, str], preheader: str) -> str:
        if self.html is None:
            return ""
        html = templating.render(self.html, values)
        html_content.check_tags(html)
        return html_content.add_preheader(html, preheader) if preheader else html


def wording_of(variant: Variant, *, begins_thread: bool = False) -> Wording:
    """The compiled wording of `variant` as it is now; TemplateInvalid when it cannot be used.

    The subject is the thread's where the step is a reply, unless this mail begins a conversation all the same.
    """
    is_reply = variant.step.is_reply and not begins_thread
    return _compile(
        variant.pk, variant.version, variant.subject, variant.preheader, variant.body_html, variant.body_text, is_reply
    )


def wording_kept(kept: VariantVersion | Variant) -> Wording:
    """The compiled wording as it was kept, for mails whose subject is known."""
    return _compile(None, kept.version, "", kept.preheader, kept.body_html, kept.body_text, True)


# Keyed by the texts too: a preview of an unsaved edit has the same id and version as what is stored.
@lru_cache(maxsize=64)
def _compile(
    _pk: int | None, _version: int, subject: str, preheader: str, body_html: str, body_text: str, is_reply: bool
) -> Wording:
    first = templating.compile(f"{{{{ {THREAD_SUBJECT} }}}}" if is_reply else subject)
    second = templating.compile(preheader)
    html = templating.compile(html_content.inline_css(body_html), html=True) if body_html.strip() else None
    plain = templating.compile(body_text) if body_text.strip() else None
    used = [part.fields for part in (first, second, html, plain) if part is not None]
    fields = frozenset[str]().union(*used) - {THREAD_SUBJECT}
    return Wording(first, second, html, plain, fields=fields, is_reply=is_reply)
