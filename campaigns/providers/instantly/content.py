"""Our wordings in Instantly's words: text with variables, and for each person the values of those variables.

Each `{{ … }}` of a wording becomes a variable of our own, whose value is rendered here, by the engine that makes our
own mails: filters and fallbacks work as they always do. What decides which words there are (`{% if %}`) cannot be said.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns import tokens
from campaigns.content import html as html_content
from campaigns.content import templating
from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from campaigns.content.templating import Template
from campaigns.errors import StartCode
from campaigns.merge_values import Person, Wanted
from campaigns.models import Campaign, Step, Variant
from campaigns.sending.links import Addresses
from campaigns.sending.wording import Wording, wording_of
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused

PREFIX = "fairlead_"  # of our variables: none of Instantly's own is called so
WAY_OUT = "unsubscribe_url"
OF_SENDER = frozenset({"sender_name", "sender_email"})
PLAIN, HTML, LINES = "plain", "html", "lines"  # how a value is shown: as it is, as HTML, as lines of HTML
_OUTPUT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)


class CannotSay(Refused):
    """Instantly has no words for it; `code` is a StartCode."""


@dataclass
class Variables:
    """The variables of a campaign by name: the Liquid that gives the value, and how it is shown."""

    by_name: dict[str, tuple[str, str]] = field(default_factory=dict)

    def name_of(self, output: str, kind: str) -> str:
        """The variable for `{{ output }}`; the same one for the same."""
        wanted = (f"{{{{ {output.strip()} }}}}", kind)
        for name, known in self.by_name.items():
            if known == wanted:
                return name
        first = _NAME.search(output)
        base = PREFIX + (first[0].replace(".", "_").lower() if first else "value")
        name, number = base, 1
        while name in self.by_name:
            number += 1
            name = f"{base}_{number}"
        self.by_name[name] = wanted
        return name

    def as_json(self) -> dict[str, list[str]]:
        return {name: list(value) for name, value in self.by_name.items()}


def steps_of(campaign: Campaign, variables: Variables) -> list[dict[str, Any]]:
    """The campaign's sequence as Instantly wants it, and into `variables` what is filled in; CannotSay."""
    steps = list(campaign.steps.prefetch_related("variants").order_by("position"))
    told = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        # There, a step's delay is the wait before the next one.
        delay, unit = (following.wait_amount, following.wait_unit) if following else (0, "days")
        wordings = [_wording(campaign.organization, step, variant, variables) for variant in active_variants(step)]
        told.append({"type": "email", "delay": delay, "delay_unit": unit, "variants": wordings})
    return told


def active_variants(step: Step) -> list[Variant]:
    """Those that are used, in the order in which Instantly numbers them from 1."""
    found = sorted((each for each in step.variants.all() if each.is_active), key=lambda each: each.label)
    for variant in found:
        variant.step = step
    return found


def check_wording(organization: Organization, step: Step, variant: Variant) -> None:
    """CannotSay where the variant cannot be put into Instantly's words."""
    _wording(organization, step, variant, Variables())


def _wording(organization: Organization, step: Step, variant: Variant, variables: Variables) -> dict[str, str]:
    wording = wording_of(variant)
    if named := sorted(OF_SENDER & wording.fields):
        raise CannotSay(
            StartCode.INSTANTLY_SENDER_FIELD,
            f"It uses {{{{ {named[0]} }}}}, and which mailbox a mail leaves from is for Instantly to choose.",
            "Write a name there.",
        )
    subject = "" if step.is_reply else " ".join(_said(wording.subject, PLAIN, variables).split())
    return {"subject": subject, "body": _body(wording, organization, variables)}


def _body(wording: Wording, organization: Organization, variables: Variables) -> str:
    """HTML, which is all that Instantly takes; postal address and opt-out are in it as in every mail of ours."""
    if wording.html:
        body = _said(wording.html, HTML, variables)
        preheader = _said(wording.preheader, HTML, variables).strip()
        body = html_content.add_preheader(body, preheader) if preheader else body
    elif wording.text:
        body = _said(wording.text, LINES, variables)
    else:
        body = ""
    if wording.has_footer:
        return body
    way_out = f"{{{{{variables.name_of(WAY_OUT, HTML)}}}}}"
    return html_content.add_footer(body, postal_address=organization.postal_address, unsubscribe_url=way_out)


def _said(template: Template, kind: str, variables: Variables) -> str:
    """The template with a variable of Instantly's in the place of each output."""
    source = template.source
    if "{%" in source or "{{-" in source or "-}}" in source:
        raise CannotSay(
            StartCode.INSTANTLY_LOGIC,
            "It has logic ({% … %}) in it, which is decided mail by mail, and Instantly fills in values alone.",
            "Write it with plain fields and fallbacks, or have the campaign's senders deliver it.",
        )
    pieces = _OUTPUT.split(source)
    words, outputs = pieces[::2], pieces[1::2]
    if any("{{" in text or "}}" in text for text in words):
        raise CannotSay(StartCode.INSTANTLY_LOGIC, "It has braces in it that Instantly would read as its own.")
    told = [_words(words[0], kind)]
    for output, text in zip(outputs, words[1:], strict=True):
        _compiled(f"{{{{ {output.strip()} }}}}", kind)  # refused where it cannot stand alone
        told += [f"{{{{{variables.name_of(output, kind)}}}}}", _words(text, kind)]
    return "".join(told)


def _words(text: str, kind: str) -> str:
    return _lines(html.escape(text, quote=False)) if kind == LINES else text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "<br/>")


def _compiled(source: str, kind: str) -> Template:
    return templating.compile(source, html=kind != PLAIN)


class Values:
    """What a campaign's variables are for one person after another."""

    def __init__(self, organization: Organization, variables: Mapping[str, Iterable[str]]):
        self._outputs = {name: (_compiled(source, kind), kind) for name, (source, kind) in variables.items()}
        fields = frozenset[str]().union(*(template.fields for template, _ in self._outputs.values()))
        self._wanted = Wanted({name for name in fields if name in LEAD_FIELDS or name.startswith(CUSTOM_PREFIX)})
        self._fixed = {"organization_name": organization.name, "postal_address": organization.postal_address}
        self._addresses = Addresses()

    def of(self, person: Person) -> dict[str, str]:
        """By the names of the variables; Refused where one cannot be made, for want of a value for example."""
        way_out = self._addresses.unsubscribe_url(tokens.ELSEWHERE, person.lead)
        values = {**self._wanted.values(person), **self._fixed, WAY_OUT: way_out}
        return {name: _shown(template, kind, values) for name, (template, kind) in self._outputs.items()}


def _shown(template: Template, kind: str, values: Mapping[str, str]) -> str:
    text = templating.render(template, values)
    if "{{" in text:
        message = "A value has two braces in it, which Instantly would read as a variable."
        raise Refused("braces_in_value", message, "Take them out of the lead's field.")
    return _lines(text) if kind == LINES else " ".join(text.split()) if kind == PLAIN else text
