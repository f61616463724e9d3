"""What the OpenAPI document says of every operation without being told each time: summary, tag, errors, path names."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_basic_type, build_parameter_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_serializer
from rest_framework import serializers

from campaigns_project.audit.actors import LONGEST_MESSAGE
from campaigns_project.idempotency.asked import KEYS, LONGEST_KEY
from campaigns_project.problem import CONTENT_TYPE, TITLES
from campaigns_project.rest.conditions import IF_MATCH, IF_NONE_MATCH, TAGS
from campaigns_project.rest.filtering import MAY_BE_EMPTY
from campaigns_project.rest.idempotency import HEADER, REPLAYED
from campaigns_project.rest.kinds import WordField
from campaigns_project.rest.parts import FIELDS, OMIT
from campaigns_project.rest.parts import MEDIA_TYPE as PART_TYPE
from campaigns_project.rest.rehearsal import HEADER as DRY_RUN_HEADER
from campaigns_project.rest.rehearsal import PARAMETER as DRY_RUN_PARAMETER
from campaigns_project.rest.serializers import LineField, StrictSerializer

# Parts of nested addresses that are no field of the rows they lead to.
PATH_NAMES = {
    "campaign": ("The campaign's number or its campaign ID.", OpenApiTypes.STR),
    "step": ("The step's number (`id`, not its position).", OpenApiTypes.INT64),
}
SUMMARIES = {
    "list": "List {many}",
    "retrieve": "Read {one}",
    "create": "Make {one}",
    "partial_update": "Change {one}",
    "destroy": "Delete {one}",
}

CHANGE_MESSAGE = OpenApiParameter(
    "X-Change-Message",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_MESSAGE},
    OpenApiParameter.HEADER,
    description="Why, in a sentence: kept in the audit log where the body gives no reason. What is not ASCII "
    "is written as RFC 8187 says: `UTF-8''gr%C3%BCn`.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": KEYS},
    OpenApiParameter.HEADER,
    description="A UUID of your own making. The same request with the same key is done once: for 24 hours it is "
    "answered as the first time, without being done again.",
)
IF_MATCH_GIVEN = OpenApiParameter(
    IF_MATCH,
    {"type": "string", "minLength": 1, "pattern": TAGS},
    OpenApiParameter.HEADER,
    description="The ETag under which you read it: where somebody changed it since, nothing is done (412).",
)
IF_NONE_MATCH_GIVEN = OpenApiParameter(
    IF_NONE_MATCH,
    {"type": "string", "minLength": 1, "pattern": TAGS},
    OpenApiParameter.HEADER,
    description="The ETag of what you have: while it is the same, the answer is a 304 without a body.",
)
DRY_RUN = OpenApiParameter(
    DRY_RUN_PARAMETER,
    {"type": "string", "enum": ["true", "false"]},
    OpenApiParameter.QUERY,
    description="`true`: do nothing, and answer as if it were done. It is refused as it would be; numbers of new rows "
    "in the answer are nobody's.",
)
OF_PARTS = {
    FIELDS: f"Only these fields of each row, separated by commas; the answer is `{PART_TYPE}`.",
    OMIT: f"All fields but these, separated by commas; the answer is `{PART_TYPE}`.",
}
PART_OF_A_ROW = {
    "type": "object",
    "minProperties": 1,
    "description": "The fields that were asked for, each as in the whole row.",
}
OF_A_DRY_RUN = "What would be made, of a dry run."
REHEARSED_HEADER = {
    "description": "Nothing was done: this is what would be answered.",
    "schema": {"type": "string", "enum": ["true"]},
}
ETAG = {
    "description": "Of the row as it is answered. Where it has two parts, the second is of what moves by itself.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f.]+"$'},
    "required": True,
}
REPLAYED_HEADER = {
    "description": "The request was done before, and this is what it was answered.",
    "schema": {"type": "string", "enum": ["true"]},
}
ONE_LINE = r"^[^\u0000-\u001F\u007F-\u009F]*$"
LOCATION = {"description": "Where it is to be read.", "schema": {"type": "string"}}
RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}, "required": True}


class ProblemItemSerializer(serializers.Serializer):
    """One thing that is wrong with the input."""

    pointer = serializers.CharField(help_text="JSON pointer into the body, or ?name for a query parameter.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457. Those that need not be there come with some codes; a few codes bring further members of their own."""

    type = serializers.CharField(help_text="`urn:fairlead:problem:` and the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What is wrong and where, for people.")
    hint = serializers.CharField(required=False, help_text="What to do.")
    instance = serializers.CharField(help_text="The address that was asked.")
    request_id = serializers.CharField(help_text="As in the header X-Request-ID and in our logs.")
    errors = ProblemItemSerializer(many=True, required=False)  # type: ignore[assignment]
    field = serializers.CharField(required=False, help_text="What it is about, where it is one field.")
    current_status = serializers.CharField(required=False, help_text="Of what the state does not allow.")
    allowed_actions = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="What the state allows, by the last word of an address.",
    )
    problems = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="All that stands against it, each with its code."
    )
    lead = serializers.IntegerField(required=False, help_text="The number of the lead that is there already.")


def example(title: str, /, **body: Any) -> Callable[[Any], Any]:
    """For a serializer: a body to begin with, which the pages of the API fill in."""
    return extend_schema_serializer(examples=[OpenApiExample(title, body, request_only=True)])


def problems(*codes: int) -> dict[Any, Any]:
    """Refusals for `extend_schema` that an operation has besides those that the document gives to all of its kind."""
    return {(code, CONTENT_TYPE): ProblemSerializer for code in codes}


class DocumentedSchema(AutoSchema):
    """Reads `noun` (“a lead”, “leads”) and `tag` of our views."""

    _further: list[Any] | None = None

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        self._further = None  # one describes all operations of a view
        return super().get_operation(*args, **kwargs)

    def get_tags(self) -> list[str]:
        return [self.view.tag]  # type: ignore[attr-defined]

    def get_operation_id(self) -> str:
        """`campaigns_start` where the generator would say `campaigns_start_create`."""
        made = super().get_operation_id()
        return made if getattr(self.view, "action", "") == "create" else made.removesuffix("_create")

    def get_summary(self) -> str | None:
        known = SUMMARIES.get(getattr(self.view, "action", None) or "")
        if known is None or not hasattr(self.view, "noun"):
            return None
        one, many = self.view.noun
        return known.format(one=one, many=many)

    def _get_format_parameters(self) -> list[Any]:
        return []  # where `?format=` is taken, the view says so itself

    def get_override_parameters(self) -> list[Any]:
        # Asked for once for every answer of an operation, and half of the time that the document takes.
        if self._further is None:
            self._further = self._further_parameters()
        return self._further

    def _further_parameters(self) -> list[Any]:
        if self.method == "GET":
            parts = self._parts() if self._is_parted else []
            return [*parts, *([IF_NONE_MATCH_GIVEN] if self._shows else [])]
        dry_run = [DRY_RUN] if self._rehearses else []
        return [IDEMPOTENCY_KEY, CHANGE_MESSAGE, *dry_run, *([IF_MATCH_GIVEN] if self._guards else [])]

    def _parts(self) -> list[OpenApiParameter]:
        view: Any = self.view
        # One for all lists and rows of a kind: of each place its own, clients that are made of it would have hundreds.
        name = f"{self._get_serializer_name(view.row_serializer(), 'response')}Field"
        names = ResolvedComponent(name, "schemas", {"type": "string", "enum": view.row_fields()}, object=name)
        self.registry.register_on_missing(names)
        several = {"type": "array", "items": names.ref}
        return [
            OpenApiParameter(parameter, several, OpenApiParameter.QUERY, description=told, explode=False)
            for parameter, told in OF_PARTS.items()
        ]

    def get_filter_backends(self) -> list[Any]:
        return super().get_filter_backends() if getattr(self.view, "action", "") == "list" else []

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        if direction == "request" and field.read_only and isinstance(field, serializers.BaseSerializer):
            return None  # before its parts are described, which no request has
        if _is_shown_empty(field):
            field.allow_blank = True  # DRF forgets it of a field that is only read
        described = super()._map_serializer_field(field, direction, bypass_extensions)
        if direction == "request" and isinstance(field, serializers.DecimalField):
            _describe_as_number(described)
        if direction == "request" and isinstance(field, WordField):
            described["type"] = ["string", "integer"]
        if direction == "request" and isinstance(field, LineField):
            described.setdefault("pattern", ONE_LINE)
        if _is_kept_object(field) and not {"type", "$ref", "allOf", "anyOf", "oneOf"} & set(described):
            described |= {"type": "object", "additionalProperties": {}}
        return _within(field, described)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        described = super()._map_basic_serializer(serializer, direction)
        if direction == "response" and isinstance(serializer, serializers.ModelSerializer):
            # A row has all its fields, also those that a request may leave out.
            described["required"] = sorted(described["properties"])
        if direction == "request" and isinstance(serializer, StrictSerializer):
            described["additionalProperties"] = False
        for field in described.get("properties", {}).values():
            # "" fits a text of format uri as well as an empty one, and null fits what may be anything.
            if "oneOf" in field:
                field["anyOf"] = field.pop("oneOf")
            if {} in field.get("anyOf", []):
                del field["anyOf"]  # what may be anything may be null
            inner = field.get("additionalProperties") or {}
            if "int64" in [each.get("format") for each in inner.get("oneOf", [])]:
                field["additionalProperties"] = inner["oneOf"][0]  # its format is of numbers: "" fits it as it is
        return described

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        names = {**self._own_number(), **PATH_NAMES, **getattr(self.view, "path_names", {})}
        others = super()._resolve_path_parameters([name for name in variables if name not in names])
        return [*(_path_parameter(name, *names[name]) for name in variables if name in names), *others]

    def _get_parameters(self) -> list[Any]:
        parameters = super()._get_parameters()
        for parameter in parameters:
            if parameter["in"] == "query" and parameter["name"] not in MAY_BE_EMPTY:
                _describe_as_filled(parameter["schema"])
        return parameters

    def _own_number(self) -> dict[str, tuple[str, OpenApiTypes]]:
        one, _many = getattr(self.view, "noun", ("", ""))
        return {"id": (f"The number of {one}.", OpenApiTypes.INT64)} if one else {}

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        bodies = super()._get_response_bodies(*args, **kwargs)
        for code in self._error_codes():
            if code not in bodies:
                answer = self._get_response_for_code(ProblemSerializer, code, [CONTENT_TYPE])
                bodies[code] = {**answer, "description": TITLES[int(code)]}
        bodies["429"]["headers"] = {"Retry-After": RETRY_AFTER}
        if self.method != "GET":
            self._describe_replays(bodies)
        if self._rehearses:
            self._describe_rehearsals(bodies)
        for code in {"201", "202"} & set(bodies):
            bodies[code]["headers"] = {**bodies[code].get("headers", {}), "Location": LOCATION}
        if self._shows:
            self._describe_tags(bodies)
        if self._is_parted:
            content = bodies["200"]["content"]
            content[PART_TYPE] = {"schema": self._in_parts(content["application/json"]["schema"])}
        return bodies

    @property
    def _is_parted(self) -> bool:
        """Whether some fields of the rows may be asked for."""
        return self.method == "GET" and getattr(self.view, "action", "") in self.view.parted  # type: ignore[attr-defined]

    def _in_parts(self, whole: dict[str, Any]) -> dict[str, Any]:
        if getattr(self.view, "action", "") == "retrieve":
            return PART_OF_A_ROW
        rows = {"type": "array", "items": PART_OF_A_ROW}
        return rows if whole.get("type") == "array" else self._get_paginator().get_paginated_response_schema(rows)

    @property
    def _shows(self) -> bool:
        """Whether a row is answered, under an ETag."""
        return getattr(self.view, "action", "") in self.view.shows  # type: ignore[attr-defined]

    @property
    def _guards(self) -> bool:
        """Whether If-Match is looked at."""
        return getattr(self.view, "action", "") in self.view.guards  # type: ignore[attr-defined]

    @property
    def _rehearses(self) -> bool:
        """Whether `dry_run` is taken."""
        return self.method != "GET" and getattr(self.view, "action", "") in self.view.rehearses  # type: ignore[attr-defined]

    def _describe_rehearsals(self, bodies: dict[str, Any]) -> None:
        if "201" in bodies:  # nothing is made
            bodies.setdefault("200", {**bodies["201"], "description": OF_A_DRY_RUN, "headers": {}})
        for code, answer in bodies.items():
            if code in {"200", "202", "204"}:
                answer["headers"] = {**answer.get("headers", {}), DRY_RUN_HEADER: REHEARSED_HEADER}

    def _describe_tags(self, bodies: dict[str, Any]) -> None:
        answered = bodies.get("201" if self.method == "POST" else "200")
        if answered is not None:
            # A dry run of a change answers a row as it is not.
            tag = {**ETAG, "required": self.method != "PATCH" or not self._rehearses}
            answered["headers"] = {**answered.get("headers", {}), "ETag": tag}
        if self.method == "GET":
            bodies["304"] = {"description": "It is as you have it.", "headers": {"ETag": ETAG}}

    def _describe_replays(self, bodies: dict[str, Any]) -> None:
        for code, answer in bodies.items():
            if code.startswith("2"):
                answer["headers"] = {**answer.get("headers", {}), REPLAYED: REPLAYED_HEADER}
        # Only of a request that still runs: other conflicts do not end by waiting.
        bodies["409"]["headers"] = {"Retry-After": {**RETRY_AFTER, "required": False}}

    def _error_codes(self) -> list[str]:
        codes = ["400", "401", "403", "406", "429"]
        if "{" in self.path or getattr(self.view, "may_be_off", False):
            codes.append("404")
        # Reading refuses by state only where it asks a service outside.
        if self.method != "GET" or getattr(self.view, "action", "") in getattr(self.view, "asking_outside", ()):
            codes.append("409")
        if self.method != "GET":
            codes.append("422")
        if self.method in {"POST", "PATCH", "PUT"}:
            codes += ["413", "415"]
        if self._guards:
            codes.append("412")
        return codes


def _is_shown_empty(field: Any) -> bool:
    """Whether the model's own text may be empty, and the serializer shows it as it is."""
    if not isinstance(field, serializers.CharField | serializers.ChoiceField):
        return False
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    known = {each.name: each for each in model._meta.concrete_fields} if model else {}
    return field.read_only and field.source in known and known[field.source].blank


def _is_kept_object(field: Any) -> bool:
    """Whether it is JSON that is an object while nothing is in it."""
    meta = getattr(getattr(field.parent, "Meta", None), "model", None)
    if meta is None or not isinstance(field, serializers.JSONField):
        return False
    known = {each.name: each for each in meta._meta.concrete_fields}
    return field.source in known and known[field.source].default is dict


def _describe_as_filled(described: dict[str, Any]) -> None:
    if described.get("type") == "array":
        described["minItems"] = 1
        _describe_as_filled(described["items"])
    elif described.get("type") == "string" and not {"enum", "format"} & set(described):
        described["minLength"] = 1


def _describe_as_number(described: dict[str, Any]) -> None:
    """A decimal is answered as a text, so that nothing is rounded on the way; it is taken as either."""
    types = described.get("type", [])
    described["type"] = [*([types] if isinstance(types, str) else types), "number"]
    described["minLength"] = 1  # the pattern fits nothing at all as well


def _within(field: Any, described: Any) -> Any:
    """With the bounds that hold, and that the generator does not see.

    A client that keeps whole numbers in 32 bits would stumble over the first large `id`, hence the format.
    """
    if not isinstance(described, dict):
        return described
    types = described.get("type", "")
    if types == "array" and not getattr(field, "allow_empty", True) and not field.read_only:
        described.setdefault("minItems", 1)
    most = getattr(field, "max_length", None)
    if isinstance(field, serializers.ListSerializer) and most is not None:
        described.setdefault("maxItems", most)
    if "integer" in types:
        if isinstance(field, serializers.PrimaryKeyRelatedField):
            described.setdefault("minimum", 1)
        if described.get("maximum", 2**63) >= 2**31:
            described.setdefault("format", "int64")
    return described


def _path_parameter(name: str, description: str, kind: OpenApiTypes) -> dict[str, Any]:
    described = dict(build_basic_type(kind) or {})
    least = {"minimum": 1} if described.get("type") == "integer" else {"minLength": 1}
    return build_parameter_type(
        name=name, location=OpenApiParameter.PATH, description=description, schema={**described, **least}
    )
