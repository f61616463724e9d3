"""Acts behind POST dialogs: opening one changes nothing, its button names the act, a refusal is said in the dialog."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.admin.row_pages import row_context
from campaigns_project.accounts.admin.undo import REASON, Undo, require_in_time, tell
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.faults import duplicates_refused, is_duplicate, told_as_faults

TEMPLATE = "unfold/helpers/dialog.html"


class ActDialog(BaseDialogForm):
    """A dialog for one act. Subclasses say what it is called, what it does, and whom it is offered to.

    `object` is what it acts on (None for an act on the list). Class attributes may be properties where the words depend
    on the object.
    """

    needs: ClassVar[Role] = Role.MANAGER
    label: ClassVar[str]  # on the button that opens it
    icon: ClassVar[str] = ""
    variant: ClassVar[ActionVariant] = ActionVariant.DEFAULT
    title: Any = ""
    description: Any = ""
    submit_text: Any = ""  # names the act; never “OK”
    level: int = messages.SUCCESS  # how the sentence is shown that `act` answers; an act may set it
    is_final: ClassVar[bool] = False  # cannot be taken back: the button is red
    undone_by: ClassVar[str] = ""  # the dialog of the same object that takes it back, offered beside the sentence

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any):
        self.object: Any = request.dialog_object  # type: ignore[attr-defined]
        self.admin: Any = request.dialog_admin  # type: ignore[attr-defined]
        # Below a list stand filters whose fields have the same names.
        super().__init__(request, object_id, *args, auto_id="dialog_%s", **kwargs)

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        """True when the act makes sense for `obj` now and the user holds the role it needs."""
        return may_here(request, cls.needs, obj)

    def act(self) -> str:
        """Do it, by one call of a use case; answers the sentence that is shown afterwards (empty: none is).

        May raise Refused.
        """
        raise NotImplementedError

    def undo(self) -> Undo | None:
        """What takes it back; None where nothing does."""
        if not self.undone_by:
            return None
        opts = self.admin.opts
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_{self.undone_by}", args=[self.object.pk])
        return Undo(address, {"_form_submitted": "on", "reason": REASON, **self.undo_says()})

    def undo_says(self) -> Mapping[str, str]:
        """What the opposite dialog is told besides; asked before the act, when `object` is as it was."""
        return {}

    @property
    def actor(self) -> Actor:
        return Actor.of_request(self.request, via="admin")

    @property
    def now(self) -> datetime:
        return timezone.now()

    def next_url(self) -> str:
        """Where to go when it is done: the object's page, or the list."""
        opts = self.admin.opts
        name = f"admin:{opts.app_label}_{opts.model_name}"
        return reverse(f"{name}_change", args=[self.object.pk]) if self.object else reverse(f"{name}_changelist")


class RemovalDialog(ActDialog):
    """An act after which its object is gone; `noun` is what the object is called in the sentence about it."""

    icon = "delete"
    is_final = True
    noun: ClassVar[str]

    def act(self) -> str:
        name = str(self.object)
        self.remove()
        self.object = None
        return f"The {self.noun} {name} was deleted."

    def remove(self) -> None:
        """Delete it with its line in the audit log; dialogs of what has a use case for it call that."""
        with transaction.atomic():
            self.admin.record(self.request, self.object, "deleted")
            self.object.delete()


def dialog_action(dialog: type[ActDialog]) -> Callable[..., HttpResponse]:
    """An Unfold action that opens `dialog`. For `actions_detail` (one object) and `actions_list` (none)."""

    @action(
        description=dialog.label,
        icon=dialog.icon or None,
        variant=dialog.variant,
        dialog={"title": dialog.label, "form_class": dialog},
    )
    def act(model_admin: Any, request: HttpRequest, form: ActDialog, **_url: Any) -> HttpResponse:
        try:
            require_in_time(request)
            undo = form.undo()
            with told_as_faults(), duplicates_refused():
                sentence = _acted(form)
        except Refused as refused:
            form.add_error(_field_of(refused, form), str(refused))
            return render(request, TEMPLATE, {"dialog": {}, "form": form})
        if sentence:
            tell(request, sentence, level=form.level, undo=undo)
        return _go_to(request, form.next_url())

    @wraps(act)
    def view(model_admin: Any, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        request.dialog_admin = model_admin  # type: ignore[attr-defined]
        request.dialog_object = _object(model_admin, request, object_id, dialog)  # type: ignore[attr-defined]
        response = act(model_admin, request, **({"object_id": object_id} if object_id else {}))
        return _on_a_page(model_admin, request, response, dialog.label)

    view.offered = dialog.offered  # type: ignore[attr-defined]
    return view


def _acted(form: ActDialog) -> str:
    """Of two who do the same at once the second is told what it would be told a moment later."""
    try:
        return form.act()
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
    return form.act()


def _object(model_admin: Any, request: HttpRequest, object_id: str | None, dialog: type[ActDialog]) -> Any:
    if object_id is not None:
        return model_admin.object_or_404(request, object_id, dialog.needs)
    if not may_here(request, dialog.needs) or not model_admin.has_view_permission(request):
        raise PermissionDenied
    return None


def _field_of(refused: Refused, form: ActDialog) -> str | None:
    field = refused.details.get("field")
    return field if field in form.fields else None


def _go_to(request: HttpRequest, url: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _on_a_page(model_admin: ModelAdmin, request: HttpRequest, response: HttpResponse, act: str) -> HttpResponse:
    """A dialog that was opened by its address, and not from a button, gets a page around it."""
    if request.headers.get("HX-Request") or response.status_code != 200:
        return response
    row = request.dialog_object  # type: ignore[attr-defined]
    context = {
        **row_context(model_admin, request, row, title=f"{act}: {row}" if row else act, doing=act),
        "fragment": mark_safe(response.content.decode()),  # noqa: S308 - a template of ours, escaped when it was rendered
    }
    return TemplateResponse(request, "admin/dialog_page.html", context)
