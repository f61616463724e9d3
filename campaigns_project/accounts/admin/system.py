"""The base of the pages of tables that belong to the installation and to no organization."""

from typing import Any, ClassVar

from django.http import HttpRequest

from campaigns_project.accounts.admin.base import FairleadAdmin
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.protection import values_of
from campaigns_project.audit.record import record


class SystemAdmin(FairleadAdmin):
    """Tables of the installation as a whole: for system administrators only, and read unless `writable` says more."""

    writable: ClassVar[frozenset[str]] = frozenset()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        earlier = type(obj)._default_manager.get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)
        before = values_of(earlier, form.changed_data) if earlier else None
        request.edited = before, values_of(obj, form.changed_data)  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        self._record(request, obj, "created", message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        if message:  # empty where a form was saved as it was
            self._record(request, obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self._record(request, obj, "deleted", None)

    def home_of(self, obj: Any) -> int | None:
        """The number of the organization whose audit log the acts on `obj` belong to; None: the installation's."""
        return None

    def subject_of(self, obj: Any) -> Any:
        """What an entry names `obj` by: itself, unless its key or its name is nothing to be kept."""
        return obj

    def _record(self, request: HttpRequest, obj: Any, act: str, message: Any) -> None:
        """Django tells here what was done; `save_model` has seen the values, if it was an edit."""
        before, after = getattr(request, "edited", (None, None))
        record(
            action=f"{obj._meta.model_name}.{act}",
            entity=self.subject_of(obj),
            organization_id=self.home_of(obj),
            actor=Actor.of_request(request, via="admin"),
            before=before,
            after=after or ({"told": message} if message else None),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "add" in self.writable and self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "change" in self.writable and self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "delete" in self.writable and self.has_view_permission(request)
