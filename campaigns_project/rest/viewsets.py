"""The base of every endpoint: one organization, strict input, an audit row for whatever is written."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from rest_framework import mixins, viewsets
from rest_framework.exceptions import MethodNotAllowed, UnsupportedMediaType, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from campaigns_project.accounts.api import OrganizationScoped
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import LONGEST_MESSAGE, change_message
from campaigns_project.audit.protection import differences, values_of
from campaigns_project.audit.record import record
from campaigns_project.faults import is_duplicate
from campaigns_project.rest.conditions import Conditional
from campaigns_project.rest.filtering import check_query
from campaigns_project.rest.idempotency import DoneOnce
from campaigns_project.rest.negotiation import ByHeader
from campaigns_project.rest.parsing import PlainJSONParser
from campaigns_project.rest.parts import PARTS, InParts
from campaigns_project.rest.problems import TooLarge
from campaigns_project.rest.rehearsal import Rehearsed
from campaigns_project.rest.schema import DocumentedSchema
from campaigns_project.rest.throttling import tell_the_rate


class StrictView(DoneOnce, Rehearsed, InParts, Conditional):
    """JSON of a sensible size, no query parameter that means nothing here, nothing done twice or overwritten unseen.

    `query_parameters` names, by action, those that are not filters of a list; `list_parameters` which of them take
    several values.
    """

    parser_classes: Any = [PlainJSONParser]
    content_negotiation_class: Any = ByHeader
    # OPTIONS would describe forms; the schema does that better.
    http_method_names: Sequence[str] = [name for name in APIView.http_method_names if name != "options"]
    schema: Any = DocumentedSchema()
    query_parameters: ClassVar[Mapping[str, frozenset[str]]] = {}
    list_parameters: ClassVar[frozenset[str]] = frozenset()
    _may_try_again = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_packed_bodies(request)
        self._refuse_large_bodies(request)
        self._refuse_unfit_messages(request)
        action = getattr(self, "action", None)
        if action != "list":
            known = self.query_parameters.get(action or "", frozenset())
            known |= self.rehearsal_parameters | self.part_parameters
            check_query(request, known, self.list_parameters | PARTS)
        self.read_parts(request)
        self.find_parents()
        if self.is_rehearsal:  # which does nothing that could be done twice
            self.check_key(request)
        else:
            self.begin_once(request)
        self.guard(request)
        self.rehearse(request)
        self._may_try_again = request.method not in SAFE_METHODS

    def handle_exception(self, exc: Exception) -> Any:
        """As DRF's; of two who made the same at once the second is told what it would be told a moment later."""
        if self._may_try_again and is_duplicate(exc):
            self._may_try_again = False
            try:
                return self._once_more()
            except Exception as error:  # noqa: BLE001 - answered, or raised, like any other
                exc = error
        return super().handle_exception(exc)

    def _once_more(self) -> Any:
        for file in self.request.FILES.values():
            file.seek(0)
        return getattr(self, str(self.request.method).lower())(self.request, *self.args, **self.kwargs)

    def find_parents(self) -> None:
        """Find what the whole address is below, or refuse: before anything of the body is looked at."""

    def check_permissions(self, request: Request) -> None:
        # First: no role may do what is offered to nobody, and what else is wrong with it does not matter.
        if request.user.is_authenticated and request.method not in self.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        super().check_permissions(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"  # people's data: no proxy or browser keeps a copy
        response["API-Version"] = settings.SPECTACULAR_SETTINGS["VERSION"]
        tell_the_rate(response, self)
        return response

    def _refuse_packed_bodies(self, request: Request) -> None:
        coding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if coding not in {"", "identity"}:
            said = f"The body is packed ({coding[:40]}). Send it as it is, without the header Content-Encoding."
            raise UnsupportedMediaType(request.content_type, said)

    def _refuse_large_bodies(self, request: Request) -> None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # DRF reads a JSON body whole, past Django's own limit, whatever spelling or pattern of its type it knows it by.
        # Files are streamed, and have the import's.
        is_form = request.content_type.lower().startswith("multipart/")
        if limit is not None and not is_form and int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise TooLarge(f"The body is longer than the {limit:,} bytes this address takes. Send it in parts.")

    def _refuse_unfit_messages(self, request: Request) -> None:
        """One that would be cut, or that did not come through, must not be left out of the audit log in silence."""
        message = change_message(request)
        if len(message) > LONGEST_MESSAGE:
            said = f"The header X-Change-Message takes {LONGEST_MESSAGE} characters at most."
            raise ValidationError({"X-Change-Message": [said]})
        if not message and "HTTP_X_CHANGE_MESSAGE" in request.META:
            said = (
                "The header X-Change-Message is empty, or holds characters that a header does not carry. Leave it out, "
                "or write what is not ASCII as RFC 8187 says: UTF-8''gr%C3%BCn."
            )
            raise ValidationError({"X-Change-Message": [said]})


class ApiViewSet(StrictView, OrganizationScoped, viewsets.GenericViewSet):
    """Rows of the caller's organization. `parents` are what a new row hangs on."""

    roles: ClassVar[Mapping[str, Role]] = {"destroy": Role.MANAGER}
    rehearses = frozenset({"create", "partial_update", "destroy"})
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9]{1,18}"
    tag: ClassVar[str] = ""
    noun: ClassVar[tuple[str, str]] = ("", "")
    _is_held = False

    def parents(self) -> dict[str, models.Model]:
        """By field name: what a row made here belongs to. Never taken from the body."""
        return {"organization": self.organization}

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if not getattr(self, "swagger_fake_view", False):
            context["parents"] = self.parents()
        return context

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.select_for_update(of=("self",), no_key=True) if self._is_held else rows

    def hold(self) -> Any:
        self._is_held = True
        row = self.get_object()
        self._is_held = False
        return row

    def shown(self, row: Any) -> Any:
        return self.get_serializer(row).data

    def filter_queryset(self, queryset: Any) -> Any:
        # Filters are for lists; DRF would run them over a single row as well.
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def record(self, action: str, entity: models.Model, **more: Any) -> None:
        """An audit row of what the caller did, under the organization of the request."""
        record(
            action=f"{entity._meta.model_name}.{action}",
            entity=entity,
            organization_id=self.organization.pk,
            actor=self.actor,
            **more,
        )


class Creates(mixins.CreateModelMixin):
    """POST on the list; the header Location says where the new row is."""

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": f"{self.request.path}/{data['id']}"}  # type: ignore[attr-defined]

    @transaction.atomic
    def perform_create(self, serializer: BaseSerializer) -> None:
        made = serializer.save(**self.parents())  # type: ignore[attr-defined]
        self.record("created", made, after=values_of(made, serializer.validated_data))  # type: ignore[attr-defined]


class Changes(mixins.UpdateModelMixin):
    """PATCH alone: a PUT would have to name every field there will ever be."""

    http_method_names: Sequence[str] = ["get", "post", "patch", "delete", "head"]

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()  # type: ignore[misc]
        # Rules over several fields are checked against the row as it is: nobody else may change it meanwhile.
        return rows.select_for_update(of=("self",)) if self.request.method == "PATCH" else rows  # type: ignore[attr-defined]

    def perform_update(self, serializer: BaseSerializer) -> None:
        instance: Any = serializer.instance
        before = values_of(instance, serializer.validated_data)
        changed = serializer.save()
        before, after = differences(before, values_of(changed, serializer.validated_data))
        self.record("changed", changed, before=before, after=after)  # type: ignore[attr-defined]


class Deletes(mixins.DestroyModelMixin):
    """DELETE; needs a manager unless the view says otherwise."""

    @transaction.atomic
    def perform_destroy(self, instance: Any) -> None:
        self.record("deleted", instance)  # type: ignore[attr-defined]
        instance.delete()


class Reads(mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """GET of the list and of one."""
