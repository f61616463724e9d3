"""`?dry_run=true`: what a request would do, found out by doing it and taking it back before it counts.

It is refused as it would really be, by the same code in the same order, and answered as it would be; whatever was
written, audit rows and events for webhooks among it, is gone when the answer leaves. So it suits what is one
transaction in our own database, and neither what asks a service outside nor what writes files or shows a secret that
is shown once. An act of many transactions looks at `is_rehearsal` itself and does the part that is one: all of them in
one would hold everybody's rows, in an order in which nobody else takes them.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import connection, transaction
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

PARAMETER = "dry_run"
HEADER = "Dry-Run"
_OF_WHAT_IS_THERE = ("Location", "ETag")


class Rehearsed(APIView):
    """A view of which some actions, those of `rehearses`, take `dry_run`."""

    rehearses: ClassVar[frozenset[str]] = frozenset()

    @property
    def rehearsal_parameters(self) -> frozenset[str]:
        """What the query of this request may say about it."""
        is_writing = self.request.method not in SAFE_METHODS
        return frozenset({PARAMETER}) if is_writing and getattr(self, "action", "") in self.rehearses else frozenset()

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing is to be done; ValidationError for what says neither."""
        given = self.request.query_params.get(PARAMETER, "false") if self.rehearsal_parameters else "false"
        if given not in ("true", "false"):
            raise ValidationError({f"?{PARAMETER}": [ErrorDetail("Write true or false.", "invalid")]})
        return given == "true"

    def rehearse(self, request: Request) -> None:
        """Have what is about to be done taken back, if that is asked: the last that `initial` does."""
        if self.is_rehearsal:
            method = str(request.method).lower()
            setattr(self, method, partial(self._taken_back, getattr(self, method)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name in _OF_WHAT_IS_THERE if HEADER in response else ():
            if name in response:
                del response[name]
        return response

    def _taken_back(self, handler: Callable[..., Any], request: Request, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            response = handler(request, *args, **kwargs)
            connection.check_constraints()  # those that wait for the commit, which does not come
            transaction.set_rollback(True)
        if response.status_code == HTTPStatus.CREATED:
            response.status_code = HTTPStatus.OK
        response[HEADER] = "true"
        return response
