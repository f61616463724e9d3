"""Cursor paging: as quick on the last page as on the first, and stable while rows are added."""

import re
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.counting import count
from campaigns_project.patience import look

INCLUDE, COUNT = "include", "count"
COUNTS = {
    "count": {
        "type": "integer",
        "format": "int64",
        "description": "Of all pages together, with `include=count` alone; it is not counted beyond 10,000.",
    },
    "count_is_capped": {"type": "boolean", "description": "There are more."},
    "count_is_estimate": {
        "type": "boolean",
        "description": "Counting took too long: it is what the database expects.",
    },
}
_ID = re.compile(r"[0-9]{1,18}")  # 18 digits always fit a bigint


class NewestFirst(CursorPagination):
    """Newest first, 50 a page, `page_size` up to 200. Rows are counted for who asks, as far as that takes no time.

    A cursor or a page size that makes no sense is refused: taking it for the first page would hide rows from a
    program that walks them.
    """

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = "Rows per page, 1 to 200; 50 unless given."
    cursor_query_description = "Where the page begins: follow `next` and `previous` instead of making one."
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        asked = request.query_params.get(INCLUDE)
        if asked not in (None, COUNT):
            raise ValidationError({f"?{INCLUDE}": [f"There is {COUNT}, and nothing else."]})
        self._counts = _counted(queryset) if asked else {}
        return self.page_of(queryset, request, view)

    def page_of(self, queryset: Any, request: Request, view: Any) -> list[Any] | None:
        """The rows of the page that is asked for."""
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not re.fullmatch(r"[0-9]{1,4}", asked) or not 1 <= int(asked) <= self.max_page_size:
            raise ValidationError({"?page_size": [f"Give a whole number from 1 to {self.max_page_size}."]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Any:
        cursor = self._decode(request)
        # Its position goes into a comparison with the key; DRF hands on whatever stands there.
        if cursor is not None and cursor.position is not None and not _ID.fullmatch(cursor.position):
            raise self._refusal()
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        links = {"next": response.data["next"], "prev": response.data["previous"]}
        response.data |= self._counts
        if any(links.values()):
            response["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items() if url)
        return response

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor, size = super().get_schema_operation_parameters(view)
        size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        counting = {"name": INCLUDE, "in": "query", "required": False, "schema": {"type": "string", "enum": [COUNT]}}
        told = f"`{COUNT}`: say how many rows there are, all pages together."
        return [cursor, size, {**counting, "description": told}]

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["required"] = ["next", "previous", "results"]
        for link in ("next", "previous"):
            described["properties"][link] = {"type": ["string", "null"], "format": "uri"}
        described["properties"] |= COUNTS
        return described

    def _decode(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise self._refusal() from None

    def _refusal(self) -> ValidationError:
        return ValidationError(
            {"?cursor": ["This cursor is not one of ours. Start without it, then follow `next`."]},
            code="invalid_cursor",
        )


def _counted(rows: Any) -> dict[str, Any]:
    found = count(rows)
    return dict(zip(COUNTS, (found.number, found.is_capped, found.is_estimate), strict=True))


class NewestInTime(NewestFirst):
    """The same where no index may answer: what cannot be found at once is looked for part by part.

    A page may then hold fewer rows than were asked for, even none, while `next` leads on.
    """

    def page_of(self, queryset: Any, request: Request, view: Any) -> list[Any] | None:
        cursor = self.decode_cursor(request)
        self._is_upward = cursor is not None and cursor.reverse
        beyond = int(cursor.position) if cursor is not None and cursor.position is not None else None
        most = self.get_page_size(request) + 1
        self._part = look(queryset, most=most, beyond=beyond, upward=self._is_upward)
        return super().page_of(queryset.filter(pk__in=self._part.keys), request, view)

    def get_next_link(self) -> Any:
        return self._onward() if not self._is_upward and self._is_part else super().get_next_link()

    def get_previous_link(self) -> Any:
        return self._onward() if self._is_upward and self._is_part else super().get_previous_link()

    @property
    def _is_part(self) -> bool:
        return self._part.reached is not None

    def _onward(self) -> Any:
        return self.encode_cursor(Cursor(offset=0, reverse=self._is_upward, position=str(self._part.reached)))  # type: ignore[arg-type]  # DRF itself keeps texts


class OldestFirst(NewestFirst):
    """In the order the rows were written."""

    ordering = "pk"
