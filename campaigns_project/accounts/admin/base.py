"""The base of every admin page of ours: scoped to the user's organizations, by role, each edit with an audit row."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, NoReturn

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import DecimalField, JSONField
from django.forms import SplitDateTimeWidget
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.paginator import InfinitePaginator

from campaigns_project.accounts.admin.drafts import draft_of, tell_of_saved
from campaigns_project.accounts.admin.forms import PlainDecimalField, ScopedForm
from campaigns_project.accounts.admin.held import held_roles, organization_id_of
from campaigns_project.accounts.admin.meanwhile import MeanwhileForm
from campaigns_project.accounts.admin.permissions import NOBODY, RolePermissions, ScopedChoices, may_here
from campaigns_project.accounts.admin.readable import plain_list, plain_number, readable_json
from campaigns_project.accounts.admin.row_pages import row_context
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.tenancy import living
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.protection import values_of
from campaigns_project.audit.record import record
from campaigns_project.encryption import secrets_of
from campaigns_project.errors import Refused
from campaigns_project.faults import duplicates_refused, is_duplicate, told_as_faults
from campaigns_project.settings.unfold import SIDEBAR

OF_A_ROW = frozenset({"created_at", "updated_at"})  # a row gets them by itself
HISTORY_SHOWN = 200  # acts on one object's history page; the audit log itself has them all


class FairleadAdmin(ModelAdmin):
    """How every list and form behaves: no bulk acts, no counting of whole tables, 404 for what is not there."""

    form = MeanwhileForm
    actions = None
    list_filter_submit = True
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    warn_unsaved_form = True
    empty_value_display = "—"
    save_label: ClassVar[str] = "Save"
    adds_another: ClassVar[bool] = False  # offer “Save and add another” on the form for a new one
    empty_text: ClassVar[str] = ""  # what this list is for, read when it is empty
    empty_first: ClassVar[tuple[str, str]] = ("", "")  # what to begin with rather than by adding one: words, URL name
    empty_when: ClassVar[Mapping[str, str]] = {}  # what it says there, by what is asked: a title, and sentences
    later_sections: ClassVar[tuple[str, ...]] = ()  # of its form; there is nothing to say in them of a new row
    views: ClassVar[tuple[tuple[str, str], ...]] = ()  # parts looked at most: their titles, and the query of each
    acts_at_hand: ClassVar[frozenset[str]] = frozenset()  # acts that the command search offers beside a row it finds
    shown_on: ClassVar[str] = ""  # the page of the sidebar that shows its rows, where its list does not stand there
    keeps_drafts: ClassVar[bool] = False  # the browser may keep what is typed: only where it says nothing of anybody
    held_through: ClassVar[str] = ""  # the way from a row to what its edits hold first (`step__campaign`); itself

    @cached_property
    def list_title(self) -> str:
        """What the list is called: as in the sidebar, where it stands there."""
        return _in_sidebar(self.opts.label) or str(capfirst(self.opts.verbose_name_plural))

    @cached_property
    def rows_called(self) -> str:
        """The same in the middle of a sentence."""
        plural, title = str(self.opts.verbose_name_plural), self.list_title
        if title.lower() == plural.lower():
            return plural
        return title if title[:2].isupper() else f"{title[0].lower()}{title[1:]}"

    @cached_property
    def row_icon(self) -> str:
        """The sign of its rows: that of the list in the sidebar."""
        icons = {name: icon for _, items in SIDEBAR for _title, icon, name, *query in items if not query}
        return icons.get(self.opts.label, "data_object")

    def told_apart_by(self, obj: Any) -> str:
        """What tells rows of one name apart, where they are found together."""
        return ""

    @cached_property
    def stands_under(self) -> tuple[str, str]:
        """Where one comes from to a row's page, by its name in the sidebar, and the address of it."""
        if self.shown_on:
            return _in_sidebar(self.shown_on), reverse(f"admin:{self.shown_on}")
        return self.list_title, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @cached_property
    def readonly_preprocess_fields(self) -> dict[str, Callable[[SafeString], SafeString]]:
        """What Unfold's read-only fields are changed by before they are shown."""
        return {
            **{field.name: readable_json for field in self.opts.fields if isinstance(field, JSONField)},
            **{field.name: plain_number for field in self.opts.fields if isinstance(field, DecimalField)},
            **{field.name: plain_list for field in self.opts.fields if isinstance(field, ArrayField)},
        }

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, DecimalField):
            kwargs["form_class"] = PlainDecimalField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            if not field.required and getattr(field, "empty_label", None):
                field.empty_label = "None"  # Unfold's “Select value” asks for one where none is needed
            field.widget = field.widget.widget  # no small windows in which to edit what one only wants to choose
        if field is not None and isinstance(field.widget, SplitDateTimeWidget):
            for part, called in zip(field.widget.widgets, ("date", "time"), strict=True):
                part.attrs["aria-label"] = f"{field.label}, {called}"  # the label before them names neither
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A form for something new leaves out what only a row has; who may only read sees no place of a secret."""
        shown = super().get_fieldsets(request, obj)
        if obj is None:
            return _without(OF_A_ROW, [each for each in shown if each[0] not in self.later_sections])
        return shown if self.has_change_permission(request, obj) else _without(secrets_of(self.model), shown)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Nobody finds a secret out by asking for rows that have it."""
        return not lookup.startswith(secrets_of(self.model)) and super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        named = {"title": self.list_title}  # Django's own is “Select … to change”
        return super().changelist_view(request, {**named, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With what its page says where it is empty: what was asked for, but for the campaign it is about."""
        asked = request.GET.copy()
        within = asked.pop("campaign", [])
        shown = super().get_changelist_instance(request)
        shown.nothing, _, shown.nothing_means = self.empty_when.get(asked.urlencode(), "").partition(". ")
        shown.is_narrowed = bool(asked)
        shown.within = urlencode({"campaign": within[-1]}) if within else ""
        shown.views = [
            {
                "title": title,
                "query": "&".join(filter(None, [shown.within, query])),
                "is_open": query == _part_of(asked),
            }
            for title, query in self.views
        ]
        return shown

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form. Of two who save the same at once the second is told what it would be told a moment later."""
        try:
            return self._changeform(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
        for _, files in request.FILES.lists():
            for file in files:
                file.seek(0)
        return self._changeform(request, object_id, form_url, extra_context)

    def _changeform(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: Any
    ) -> HttpResponse:
        """What is saved goes by the row as it is then, which nobody else changes before it is saved."""
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            self._hold(request, object_id)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _hold(self, request: HttpRequest, object_id: str) -> None:
        held = self.get_object(request, unquote(object_id))
        if held is None:
            return
        for name in filter(None, self.held_through.split("__")):
            held = getattr(held, name)
        list(type(held)._base_manager.select_for_update(no_key=True).filter(pk=held.pk).values_list("pk"))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._with_draft_saved(request, super().response_add(request, obj, post_url_continue))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._with_draft_saved(request, super().response_change(request, obj))

    def _with_draft_saved(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return tell_of_saved(request, response) if self.keeps_drafts else response

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        left = ", ".join(getattr(form, "left_to_others", ()))  # the form for a new person is Django's own
        if left:
            said = f"Others changed meanwhile what you had left alone, and that stays: {left}."
            self.message_user(request, said, messages.INFO)

    def render_change_form(self, request: HttpRequest, context: Any, add: bool = False, **kwargs: Any) -> HttpResponse:
        inlines = [one for inline in context.get("inline_admin_formsets", ()) for one in inline.formset.forms]
        form = context["adminform"].form
        is_editing = self.has_change_permission(request, context["original"]) if context.get("original") else add
        context["draft"] = draft_of(request) if self.keeps_drafts and is_editing else ""
        context["is_refused"] = form.is_bound
        context["overtaken"] = [each for one in (form, *inlines) for each in getattr(one, "overtaken", ())]
        context["show_save_and_add_another"] = add and self.adds_another
        context["show_save_and_continue"] = not add
        context["save_label"] = self.save_label if add else "Save"
        if context["overtaken"] and len(context["errors"]) == len(context["overtaken"]):
            context["errors"] = []  # there is nothing to correct, but to decide: the page says so above
        if set(form.errors) == {NON_FIELD_ERRORS} and len(context["errors"]) == 1:
            context["errors"] = []  # what is wrong is no field's, and stands above them all: nothing is “below”
        return super().render_change_form(request, context, add=add, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self.object_or_404(request, object_id)  # what one may not see is not there, rather than forbidden
        return super().delete_view(request, object_id, {"doing": "Delete", **(extra_context or {})})

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        raise Http404(f"There is no {opts.verbose_name} {object_id}.")

    def object_or_404(self, request: HttpRequest, object_id: str, needed: Role = Role.VIEWER) -> Any:
        """The object, if the user may see it (else Http404) and holds `needed` there (else PermissionDenied)."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, obj) or not may_here(request, needed, obj):
            raise PermissionDenied
        return obj

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Who did what to this object, from the audit log."""
        obj = self.object_or_404(request, object_id)
        context = {
            **row_context(self, request, obj, title=f"History: {obj}", doing="History"),
            "entries": self.history_of(obj)[:HISTORY_SHOWN],
            "audit_url": _audit_url(request, obj),
            "module_name": self.list_title,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def history_of(self, obj: Any) -> Any:
        """The audit entries about `obj`, newest first."""
        return AuditLog.objects.about(obj)

    # Our own audit log keeps the record; Django's would keep names of leads in a table that is never cleaned.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: see the audit log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: see the audit log."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Nothing: see the audit log."""


class ScopedAdmin(RolePermissions, ScopedChoices, FairleadAdmin):
    """A model's admin pages, scoped and audited."""

    form = ScopedForm
    derived_fields: ClassVar[tuple[str, ...]] = ()  # set by the form from what was typed, and saved with it

    def get_queryset(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(living(super().get_queryset(request)))

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return [each for each in shown if each != "organization"] if held_roles(request).is_of_one else shown

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.request = request
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        has_home = obj is not None and any(field.name == "organization" for field in self.opts.fields)
        return [*fixed, "organization"] if has_home else fixed

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with told_as_faults(), duplicates_refused():
                return super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            # Everything was rolled back. The form is built again from the same POST, with the refusal in it.
            request.refused = refused  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save what was edited and nothing else: counters and states of the row may have moved since it was read."""
        self.require(request, "change" if change else "add", obj)
        if not change:
            obj.save()
            self.record(request, obj, "created", after=values_of(obj, form.changed_data))
        elif form.changed_data:
            before = type(obj)._default_manager.get(pk=obj.pk)
            obj.save(update_fields=[*self._changed_fields(form), *self.derived_fields])
            changed = form.changed_data
            self.record(request, obj, "changed", values_of(before, changed), values_of(obj, changed))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.require(request, "delete", obj)
        with transaction.atomic():
            self.record(request, obj, "deleted")
            super().delete_model(request, obj)

    def require(self, request: HttpRequest, act: str, obj: Any) -> None:
        """PermissionDenied unless the user may do `act` where `obj` belongs."""
        if not self.allowed(request, act, obj):
            raise PermissionDenied

    def record(self, request: HttpRequest, obj: Any, act: str, before: Any = None, after: Any = None) -> None:
        """An audit row of what the user of `request` did to `obj`."""
        record(
            action=f"{obj._meta.model_name}.{act}",
            entity=obj,
            organization_id=organization_id_of(obj),
            actor=Actor.of_request(request, via="admin"),
            before=before or None,
            after=after or None,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Only the dialogs that the user's role and the object's state allow now."""
        obj = self.get_object(request, unquote(str(object_id)))
        return [action for action in self._get_base_actions_detail() if obj and action.method.offered(request, obj)]

    def get_actions_list(self, request: HttpRequest) -> list[UnfoldAction]:
        return [action for action in self._get_base_actions_list() if action.method.offered(request, None)]

    def _changed_fields(self, form: Any) -> list[str]:
        typed = set(form.changed_data)
        return [
            field.name
            for field in self.opts.concrete_fields
            if field.name in typed or getattr(field, "auto_now", False)
        ]


class ReadOnlyAdmin(ScopedAdmin):
    """Rows that are written by the system and only read here."""

    roles = {"add": NOBODY, "change": NOBODY, "delete": NOBODY}


class ScopedTabularInline(RolePermissions, ScopedChoices, TabularInline):
    """Rows below a scoped parent; Django hands an inline its parent, which belongs to the same organization."""

    extra = 0


def _part_of(asked: Any) -> str:
    """What the list is narrowed by, whatever its order and page."""
    return urlencode([(name, value) for name, value in asked.items() if name not in {"p", "o"} and value])


def _without(names: Collection[str], fieldsets: Any) -> list[tuple[Any, dict[str, Any]]]:
    """`fieldsets` without these fields, and without what is empty then."""
    left = [(title, {**parts, "fields": [each for each in (_left(field, names) for field in parts["fields"]) if each]})
            for title, parts in fieldsets]  # fmt: skip
    return [(title, parts) for title, parts in left if parts["fields"]]


def _left(field: Any, names: Collection[str]) -> Any:
    """A field, or a line of them, but for those of these names."""
    if isinstance(field, str):
        return "" if field in names else field
    return [each for each in field if each not in names]


def _in_sidebar(label: str) -> str:
    """What the sidebar calls the list of this model, or the page of this name; nothing if it is not there."""
    titles = {name: title for _, items in SIDEBAR for title, _icon, name, *query in items if not query}
    return titles.get(label, "")


def _audit_url(request: HttpRequest, obj: Any) -> str:
    """The audit log narrowed to `obj`, for those who may read it."""
    if not may_here(request, Role.MANAGER, obj):
        return ""
    query = urlencode({"entity_type": obj._meta.model_name, "entity_id": obj.pk})
    return f"{reverse('admin:audit_auditlog_changelist')}?{query}"
