"""A template with logic, as the template of plain merge fields that it comes down to for one recipient.

    shaper = shaper_of(compile("{% if company %}At {{ company }}{% else %}You{% endif %}"), "h")
    shaper.shape({"company": "Acme"}).source   # "At {{ company }}"

Conditions, loops and assignments are worked off; what shows a value stays a merge field, one made up for it where it
is more than a field (`{{ title | upcase }}`). Recipients who take the same branches share the same text, so that all
the work of making a mail is done once for each of these texts and not once for each mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from liquid import BoundTemplate, RenderContext
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.token import Token

from campaigns.content import plain_fields
from campaigns.content.liquid_environment import LimitedContext, LimitedEnvironment, LimitedTemplate
from campaigns.content.plain_fields import Field
from campaigns.content.templating import Template
from campaigns_project.errors import Refused

MADE_UP = r"shown_[a-z]\d+"  # the names of fields that stand for more than a field


@dataclass(frozen=True, slots=True)
class Shape:
    """A text of plain merge fields, the values of those that were made up, and all fields in their order."""

    source: str
    values: Mapping[str, str]
    fields: tuple[str, ...]

    def reads(self, template: Template) -> bool:
        """Whether `template`, compiled from the source, has these fields and no others that came about by chance."""
        found = plain_fields.pieces(template) or []
        names = tuple(piece.name for piece in found if isinstance(piece, Field))
        return "\r" not in self.source and names == self.fields and bool(found)


@dataclass(frozen=True, slots=True)
class Shaper:
    """Works off the logic of one template; `letter` tells its made-up fields from those of other templates."""

    bound: LimitedTemplate
    letter: str

    def shape(self, values: Mapping[str, str]) -> Shape | None:
        """What the template comes down to for these values; None where it cannot be rendered."""
        context = _ShapingContext(self.bound, values=values, letter=self.letter)
        try:
            source = self.bound.run(context)
        except (LiquidError, RecursionError, UnicodeEncodeError, Refused):
            return None
        return Shape(source, context.made_up, tuple(context.names))


def shaper_of(template: Template, letter: str) -> Shaper | None:
    """The shaper of `template`; None where its values go other ways than straight to the output (`capture`)."""
    try:
        bound = (_HTML if template.html else _TEXT).template(template.source)
    except (LiquidError, RecursionError):
        return None
    bound.per_pass = template.bound.per_pass
    return Shaper(bound, letter)


class _ShapingContext(LimitedContext):
    """Counts and refuses as any other, and notes what is shown."""

    __slots__ = ("letter", "made_up", "names")

    def __init__(self, template: BoundTemplate, *, values: Mapping[str, str], letter: str):
        super().__init__(template, values=values)
        self.letter = letter
        self.made_up: dict[str, str] = {}
        self.names: list[str] = []

    def shown(self, expression: Expression, name: str) -> str:
        """The merge field that stands for what `expression` shows, or the words themselves where they are markup.

        `name` is the recipient's field that the expression is, if it is no more than that.
        """
        value = expression.evaluate(self)
        # Nothing but a plain text is escaped when it is shown, as the values of merge fields are.
        if type(value) is not str or not value.strip():
            return to_liquid_string(value, self.autoescape)
        if not name or self.locals or self.loops:  # which may have given the name another meaning
            name = f"shown_{self.letter}{len(self.made_up)}"
            self.made_up[name] = value
        self.names.append(name)
        return f"{{{{ {name} }}}}"


class _ShownNode(OutputNode):
    """Writes what stands for a value, in place of the value."""

    __slots__ = ("name",)

    def __init__(self, token: Token, expression: Expression):
        super().__init__(token, expression)
        self.name = _field_name(expression)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(context.shown(self.expression, self.name))  # type: ignore[attr-defined]


def _field_name(expression: Expression) -> str:
    if not isinstance(expression, FilteredExpression) or expression.filters or not isinstance(expression.left, Path):
        return ""
    name = ".".join(map(str, expression.left.path))
    return name if plain_fields.is_name(name) else ""


class _Output(Output):
    node_class = _ShownNode


class _Echo(EchoTag):
    node_class = _ShownNode  # type: ignore[assignment]


class _ShapingEnvironment(LimitedEnvironment):
    """The same language without `capture`, whose text may be asked about before it is shown."""

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        del self.tags["capture"]
        for tag in (_Output, _Echo):
            self.add_tag(tag)


_TEXT = _ShapingEnvironment(autoescape=False)
_HTML = _ShapingEnvironment(autoescape=True)
