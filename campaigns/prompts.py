"""Prompts of enrichments, read as the limited Liquid that wordings are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.content.fields import ANY_CUSTOM, LEAD_FIELDS, unknown_among
from campaigns.content.templating import Template, compile, render  # noqa: A004 - one says "compile a template"
from campaigns_project.errors import Refused
from leads.imports.fields import LEAD_FIELDS as COLUMNS

_KNOWN = LEAD_FIELDS | {*COLUMNS, ANY_CUSTOM}


@dataclass(frozen=True)
class LiquidPrompt:
    """A prompt that compiled."""

    template: Template

    def render(self, values: Mapping[str, str]) -> str:
        """The text for one lead; MergeValueMissing for a field it shows that the lead lacks."""
        return render(self.template, values)


def read_prompt(source: str) -> LiquidPrompt:
    """The prompt; Refused where it is no Liquid, or names a field that no lead has."""
    template = compile(source)
    unknown = unknown_among(template.fields, _KNOWN)
    if unknown:
        hint = "Use the fields of a lead; fields of your own are written {{ custom.name }}."
        raise Refused("unknown_merge_field", f"The prompt: {unknown[0]}", hint, {"field": "prompt"})
    return LiquidPrompt(template)
