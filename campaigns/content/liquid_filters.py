"""The filters a template may use. Not among them: `safe`, the clock, arithmetic, whatever reads objects."""

from collections.abc import Callable
from typing import Any, Protocol

from liquid import Environment
from liquid.builtin.filters import array, misc, string

from campaigns.content.errors import MergeValueMissing
from campaigns.content.liquid_values import MissingValue, check_size, size_of, work_of

FILTERS: dict[str, Callable[..., Any]] = {
    "append": string.append,
    "capitalize": string.capitalize,
    "default": misc.default,
    "downcase": string.downcase,
    "escape": string.escape,
    "first": array.first,
    "join": array.join,
    "last": array.last,
    "lstrip": string.lstrip,
    "newline_to_br": string.newline_to_br,
    "prepend": string.prepend,
    "remove": string.remove,
    "remove_first": string.remove_first,
    "replace": string.replace,
    "replace_first": string.replace_first,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "split": string.split,
    "squish": string.squish,
    "strip": string.strip,
    "strip_newlines": string.strip_newlines,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_encode": string.url_encode,
}


class Meter(Protocol):
    """The render a filter runs in, which counts what it costs."""

    env: Environment

    def spend(self, steps: int) -> None: ...


def limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with its work counted and its result bounded; a missing value passes through until a `default`."""
    needs_environment = getattr(function, "with_environment", False)

    def run(left: Any, *args: Any, context: Meter, **kwargs: Any) -> Any:
        if isinstance(left, MissingValue) and name != "default":
            return left
        if name != "default":
            for argument in args:
                _refuse_missing(argument)
        check_size(_result_size(name, left, args))
        if needs_environment:
            kwargs["environment"] = context.env
        result = function(left, *args, **kwargs)
        check_size(size_of(result))
        context.spend(work_of(left) + work_of(result))
        return result

    run.with_context = True  # type: ignore[attr-defined]
    return run


def _refuse_missing(argument: Any) -> None:
    if isinstance(argument, MissingValue):
        raise MergeValueMissing(argument.name)


def _result_size(name: str, left: Any, args: tuple[Any, ...]) -> int:
    """The size to come, for the filters whose result can be far bigger than what goes in; 0 for the others."""
    if name == "replace" and len(args) == 2:
        text, old, new = str(left), str(args[0]), str(args[1])
        return text.count(old) * len(new) + len(text)
    if name == "join" and isinstance(left, list):
        separator = len(str(args[0])) if args else 1
        return size_of(left) + separator * len(left)
    return 0
