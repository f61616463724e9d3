"""Merge fields: compile a Liquid template once, list its fields, render it for one recipient.

    template = compile("Hi {{ first_name | default: 'there' }}")
    render(template, {"first_name": "Ada"})

Values are a flat mapping of strings (`custom.industry` is one name). In HTML templates they are escaped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from liquid.ast import Node
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.static_analysis import TemplateAnalysis, Variable

from campaigns.content.errors import SubjectEmpty, TemplateInvalid
from campaigns.content.fields import KNOWN_FIELDS, UnknownField, unknown_among
from campaigns.content.liquid_environment import LimitedContext, LimitedEnvironment, LimitedTemplate
from campaigns.content.liquid_limits import MAX_NESTING, MAX_OUTPUT, MAX_RANGE, check_source, line_of

_TEXT = LimitedEnvironment(autoescape=False)
_HTML = LimitedEnvironment(autoescape=True)
_TOO_DEEP = "an expression is nested too deeply"
# What python-liquid says without telling an operator anything.
_PLAINLY = {
    "unexpected liquid parsing error": _TOO_DEEP,
    "block nesting limit reached": f"its blocks are nested more than {MAX_NESTING} deep",
    "output stream limit reached": f"its output is bigger than {MAX_OUTPUT:,} bytes",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template that compiled: its source, whether values are escaped for HTML, and the merge fields it uses."""

    source: str
    html: bool
    fields: frozenset[str]
    bound: LimitedTemplate = field(repr=False, compare=False)


def compile(source: str, *, html: bool = False) -> Template:  # noqa: A001 - one says "compile a template"
    """Parse and check `source`; TemplateInvalid names the line and the reason. Takes a few ms at most."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")  # python-liquid shows a last \r\n as two line ends
    cost = check_source(source)
    try:
        bound = (_HTML if html else _TEXT).template(source)
        analysis = bound.analyze(include_partials=False)
    except (LiquidError, RecursionError) as error:
        raise _invalid(source, error) from error
    bound.per_pass = cost.per_pass
    _check_filters(source, bound, analysis)
    _check_ranges(source, bound)
    return Template(source=source, html=html, fields=_fields(source, analysis), bound=bound)


def fields(template: Template) -> frozenset[str]:
    """The merge fields the template uses anywhere, as flat names; variables it sets itself are not among them."""
    return template.fields


def render(template: Template, values: Mapping[str, str]) -> str:
    """The text for one recipient.

    MergeValueMissing when a field is to be shown that has no value (absent, empty or blank) and no fallback;
    TemplateInvalid when the template asks for more than a mail may cost, or for an operation that does not fit.
    """
    try:
        return template.bound.fill(values)
    except (LiquidError, RecursionError) as error:
        raise _invalid(template.source, error) from error
    except UnicodeEncodeError as error:
        raise TemplateInvalid("a value holds half a character (a lone surrogate)", line=1) from error


def rendered_subject(template: Template, values: Mapping[str, str]) -> str:
    """A subject as one line, however its template was wrapped; SubjectEmpty where no word is left."""
    subject = " ".join(render(template, values).split())
    if not subject:
        raise SubjectEmpty
    return subject


def unknown_fields(template: Template, known: Collection[str] = KNOWN_FIELDS) -> list[UnknownField]:
    """The template's fields that are not in `known`, each with the nearest known name."""
    return unknown_among(template.fields, known)


def _invalid(source: str, error: Exception) -> TemplateInvalid:
    token = getattr(error, "token", None)
    index = token.start_index if token else 0
    line = line_of(source, index if index >= 0 else len(source))  # negative: at the end of the template
    message = str(error.message) if isinstance(error, LiquidError) else _TOO_DEEP
    return TemplateInvalid(_PLAINLY.get(message, message), line=line)


def _check_filters(source: str, bound: LimitedTemplate, analysis: TemplateAnalysis) -> None:
    for name, spans in analysis.filters.items():
        if name not in bound.env.filters:
            hint = f"Available: {', '.join(sorted(bound.env.filters))}."
            raise TemplateInvalid(f"there is no filter {name}", line=line_of(source, spans[0].index), hint=hint)


def _check_ranges(source: str, bound: LimitedTemplate) -> None:
    """A range must show its size in the source: python-liquid makes lists of them before any limit is asked."""
    context = LimitedContext(bound, values={})
    nodes: list[Node] = list(bound.nodes)
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context))
        expressions: list[Expression] = list(node.expressions())
        while expressions:
            expression = expressions.pop()
            expressions.extend(expression.children())
            if isinstance(expression, RangeLiteral) and not _is_small(expression):
                reason = f"a range must be two numbers at most {MAX_RANGE:,} apart, such as (1..3)"
                raise TemplateInvalid(reason, line=line_of(source, expression.token.start_index))


def _is_small(literal: RangeLiteral) -> bool:
    start, stop = literal.start, literal.stop
    if not isinstance(start, IntegerLiteral) or not isinstance(stop, IntegerLiteral):
        return False
    return abs(stop.value - start.value) <= MAX_RANGE


def _fields(source: str, analysis: TemplateAnalysis) -> frozenset[str]:
    # A field that the template also assigns to, in some branch, is still read from the recipient in the others.
    roots = {name.partition(".")[0] for name in KNOWN_FIELDS}
    used = [variable for variables in analysis.globals.values() for variable in variables]
    used += [variable for root in roots for variable in analysis.variables.get(root, [])]
    return frozenset(_field_name(source, variable) for variable in used)


def _field_name(source: str, variable: Variable) -> str:
    if any(isinstance(segment, list) for segment in variable.segments):
        raise TemplateInvalid("the name of a field cannot be computed", line=line_of(source, variable.span.index))
    return ".".join(map(str, variable.segments))
