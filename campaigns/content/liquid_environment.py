"""python-liquid, narrowed to what a mail needs: no files, no includes, no clock, no way to mark a value as safe HTML.

Values are strings under flat names (`first_name`, `custom.industry`). One that is absent or blank becomes a
MissingValue, which is false in conditions, takes part in nothing, and refuses to be printed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.content import Literal
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.capture_tag import CaptureTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.comment_tag import CommentTag
from liquid.builtin.tags.cycle_tag import CycleTag
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.inline_comment_tag import InlineCommentTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError, ResourceLimitError
from liquid.token import Token
from liquid.utils import ReadOnlyChainMap

from campaigns.content.liquid_filters import FILTERS, limited
from campaigns.content.liquid_limits import MAX_NESTING, MAX_OUTPUT, MAX_STEPS
from campaigns.content.liquid_values import CHARACTERS_PER_STEP, MissingValue, check_size, size_of, work_of

TAGS = (
    *(Literal, Output, Illegal, IfTag, UnlessTag, CaseTag, ForTag, BreakTag, ContinueTag),
    *(AssignTag, CaptureTag, CycleTag, EchoTag, CommentTag, InlineCommentTag),
)
_NOT_FOUND = object()


class LimitedContext(RenderContext):
    """Looks merge fields up by their flat name and counts the steps of the render."""

    __slots__ = ("steps", "values")

    def __init__(self, template: BoundTemplate, *, values: Mapping[str, str]):
        super().__init__(template)
        self.values = values
        self.scope = ReadOnlyChainMap(self.locals)  # what the template sets itself; not python-liquid's clock
        self.steps = 0

    def spend(self, steps: int) -> None:
        """Count `steps`; ResourceLimitError once the render has cost more than a mail may."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise ResourceLimitError("its loops or texts take too much work", token=None)

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        """A variable of the template, else the merge field of that name, else a MissingValue carrying the name."""
        if self.locals or self.loops:
            found = super().get(path, token=token, default=_NOT_FOUND)
            if found is not _NOT_FOUND:
                self.spend(work_of(found))
                return found
        name = ".".join(map(str, path))
        value = self.values.get(name, "")
        self.spend(1 + len(value) // CHARACTERS_PER_STEP)
        return value if value.strip() else MissingValue(name)

    def assign(self, key: str, val: Any) -> None:
        """As in liquid, for values of bounded size."""
        check_size(size_of(val))
        super().assign(key, val)

    def loop(self, namespace: Mapping[str, object], forloop: Any) -> Any:
        """As in liquid; every turn costs one pass over the template."""
        forloop.it = self._counted(forloop.it)
        return super().loop(namespace, forloop)

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.spend(self.template.per_pass)  # type: ignore[attr-defined]
            yield item


class LimitedTemplate(BoundTemplate):
    """A parsed template that renders from flat values; `per_pass` is the price of one turn of a loop in it."""

    per_pass = 1

    def fill(self, values: Mapping[str, str]) -> str:
        """The rendered text. LiquidError or MergeValueMissing stop it; nothing is skipped."""
        return self.run(LimitedContext(self, values=values))

    def run(self, context: LimitedContext) -> str:
        """The same, in a context that was made for it."""
        output = context.get_buffer()
        for node in self.nodes:
            try:
                node.render(context, output)
            except LiquidInterrupt as stray:
                raise LiquidSyntaxError(f"{stray} stands outside a loop", token=node.token) from None
            except LiquidError as error:
                error.token = error.token or node.token
                raise
        return output.getvalue()


class LimitedEnvironment(Environment):
    """Strict: an unknown tag or filter and a syntax error are refused, never skipped."""

    template_class = LimitedTemplate
    block_nesting_limit: ClassVar[int] = MAX_NESTING
    output_stream_limit: ClassVar[int | None] = MAX_OUTPUT
    local_namespace_limit: ClassVar[int | None] = 4 * MAX_OUTPUT

    def __init__(self, *, autoescape: bool):
        super().__init__(undefined=MissingValue, autoescape=autoescape)  # type: ignore[arg-type]

    def template(self, source: str) -> LimitedTemplate:
        """Parse `source`; LiquidError when it is not Liquid of this environment."""
        return cast(LimitedTemplate, self.from_string(source))  # of template_class

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Only what stands in TAGS and FILTERS; python-liquid's own set has includes, a clock and `safe`."""
        for tag in TAGS:
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, limited(name, function))
