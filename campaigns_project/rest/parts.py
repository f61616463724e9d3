"""`?fields=a,b` and `?omit=c`: rows with some of their fields, for whoever reads many and wants little of each.

They have a media type of their own. Under `application/json` the OpenAPI document promises whole rows, and clients that
are made from it count on every field: one that may be missing would have to be asked for everywhere.
"""

from typing import Any, ClassVar

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from campaigns_project.rest.problems import UnknownFields

FIELDS, OMIT = "fields", "omit"
PARTS = frozenset({FIELDS, OMIT})
MEDIA_TYPE = "application/vnd.fairlead.part+json"


class _PartRenderer(JSONRenderer):
    media_type = MEDIA_TYPE


class InParts(APIView):
    """A view of which some actions that read, those of `parted`, answer only the fields that are asked for.

    The whole row is made all the same, and its ETag is that of the whole: it can be sent as If-Match.
    """

    parted: ClassVar[frozenset[str]] = frozenset({"list", "retrieve"})
    _kept: frozenset[str] | None = None

    @property
    def part_parameters(self) -> frozenset[str]:
        """What the query of this request may say about it."""
        return PARTS if getattr(self, "action", "") in self.parted else frozenset()

    def get_renderers(self) -> list[Any]:
        asked = PARTS & set(getattr(self.request, "query_params", ())) & self.part_parameters
        return [*super().get_renderers(), *([_PartRenderer()] if asked else [])]

    def row_serializer(self) -> Serializer:
        """What makes the rows of this action."""
        return self.get_serializer()  # type: ignore[attr-defined]

    def row_fields(self) -> list[str]:
        """The names of all fields of a row, in the order in which they are answered."""
        return [name for name, field in self.row_serializer().fields.items() if not field.write_only]

    def read_parts(self, request: Request) -> None:
        """Which fields are to be answered; ValidationError for a name that is none, and where none is left."""
        asked = {name: _names(request.query_params.getlist(name)) for name in self.part_parameters}
        if not any(asked.values()):
            return
        known = self.row_fields()
        odd = {parameter: [name for name in names if name not in known] for parameter, names in sorted(asked.items())}
        if any(odd.values()):
            raise UnknownFields({parameter: names[0] for parameter, names in odd.items() if names}, known)
        self._kept = frozenset(asked[FIELDS] or known) - frozenset(asked[OMIT])
        if not self._kept:
            raise ValidationError({f"?{OMIT}": [ErrorDetail("This leaves no field. Leave one out of it.", "invalid")]})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self._kept is None or not isinstance(response, Response):
            return response
        if response.is_rendered:  # a 304, with the length that the whole row would have had
            response.headers.pop("Content-Length", None)
        elif response.status_code == 200 and response.data is not None:
            response.data, response.content_type = self._cut(response.data), MEDIA_TYPE
        return response

    def _cut(self, answer: Any) -> Any:
        if isinstance(answer, list):
            return [self._part(row) for row in answer]
        if getattr(self, "action", "") == "retrieve":
            return self._part(answer)
        return {**answer, "results": [self._part(row) for row in answer["results"]]}

    def _part(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name in (self._kept or ())}


def _names(values: list[str]) -> list[str]:
    """Those of a parameter that is there once; what is there twice, or empty, is refused with the other parameters."""
    text = values[0] if len(values) == 1 else ""
    return [name.strip() for name in text.split(",") if name.strip()]
