"""Whether an answer is what the OpenAPI document says of it."""

import re
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document, which takes a second to make: once for all tests of a process. None of them changes it."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


class Document:
    """The OpenAPI document, to hold answers against."""

    def __init__(self) -> None:
        self.schema = described()
        routes = {path: re.sub(r"\{\w+\}", "[^/]+", path) for path in self.schema["paths"]}
        # Of two that fit, the one with fewer places to fill in: /leads/lookup before /leads/{id}.
        self._routes = sorted(routes.items(), key=lambda route: route[0].count("{"))

    def faults(self, method: str, address: str, answer: Any) -> list[str]:
        """What of `answer` the document does not say, in words; nothing where it is as described."""
        path = next(path for path, route in self._routes if re.fullmatch(route, address.partition("?")[0]))
        described = self.schema["paths"][path][method]["responses"].get(str(answer.status_code))
        if described is None:
            return [f"{method} {path} answers {answer.status_code}"]
        kind = answer.get("Content-Type", "").partition(";")[0]
        content = described.get("content", {})
        if kind not in content:
            return [f"{method} {path} answers {kind or 'nothing'}"] if content or kind else []
        promised = {name for name, header in described.get("headers", {}).items() if header.get("required")}
        found = [f"{method} {path} has no {name}" for name in sorted(promised) if name not in answer]
        if not kind.endswith("json") or "schema" not in content[kind]:
            return found
        return found + [f"{method} {path} {fault}" for fault in self.unfit(content[kind]["schema"], answer.json())]

    def unfit(self, described: dict[str, Any], value: Any) -> list[str]:
        """Where `value` is not as `described`, a schema of the document."""
        validator = Draft202012Validator({**described, "components": self.schema["components"]})
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]
