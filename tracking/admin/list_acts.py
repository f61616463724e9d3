"""What can be done to all leads that the list shows, as dialogs."""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from campaigns.models import CampaignQuerySet
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.counting import Count, count
from campaigns_project.errors import Refused, StateRefused
from campaigns_project.keys import key_of
from leads.admin.people import names_of_tags
from leads.bulk import MOST_SUPPRESSED, MOST_UNCONFIRMED, require_meant, suppress_leads
from leads.models import Lead, LeadQuerySet
from leads.segments.counting import count_exactly
from leads.tags import tag_leads, untag_leads
from tracking.admin.into_campaign import IntoCampaign

MOST_NAMED = 1_000_000  # leads whose numbers are handed to one enrollment
MOST_HOMES_NAMED = 3
PICKED = "picked"  # in the address of an act: the numbers of the leads whose boxes are checked, with commas


class OfTheList(ActDialog):
    """An act on all leads that the list shows now, on whatever page, or on those of them that were picked: the address
    carries what it is narrowed by. Where nothing does, and nobody was picked, all leads there are have to be chosen."""

    needs = Role.OPERATOR
    must_count: ClassVar[bool] = False  # exactly, however many they are and however they were chosen

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._list = _list_at(self.admin, self.request)
        if self.is_about_all and self.number:
            self.fields["everybody"] = self._choice_of_all()
            self.order_fields(["everybody"])

    @property
    def description(self) -> str:
        if isinstance(self.counted, Refused):
            return str(self.counted)
        if self.is_about_all:
            return "Nobody is picked, and nothing narrows the list."
        return f"{self.told_number}: {'those you picked' if self._has_picked else 'all that the list shows now'}."

    @property
    def told_number(self) -> str:
        return count(self.leads).of_leads

    @property
    def is_about_all(self) -> bool:
        # By what is asked of the database: an address may name a filter and leave it empty.
        narrowed = self._list.queryset.query.where != self._list.root_queryset.query.where
        return not self._has_picked and not narrowed

    @cached_property
    def number(self) -> int:
        """How many they are, exactly."""
        return sum(self.numbers.values())

    @property
    def numbers(self) -> dict[int, int]:
        """How many they are, by organization."""
        return {} if isinstance(self.counted, Refused) else self.counted

    @cached_property
    def counted(self) -> dict[int, int] | Refused:
        """How many they are, by organization, where the act must know exactly; or why that cannot be told."""
        if not self.is_about_all and not self.must_count:
            return {}
        try:
            return count_exactly(self.leads)
        except Refused as refused:
            return refused

    @property
    def is_blocked(self) -> bool:
        return isinstance(self.counted, Refused)

    def clean(self) -> dict[str, Any]:
        if isinstance(self.counted, Refused):
            raise forms.ValidationError(str(self.counted))
        return super().clean() or {}

    @property
    def leads(self) -> LeadQuerySet:
        """Those of organizations in which the user may work."""
        shown = _picked_of(self._list.queryset, self.request)
        own = Lead.objects.filter(pk__in=shown.order_by().values("pk"))
        return held_roles(self.request).scope(own, self.needs)

    @transaction.atomic
    def in_each(self, do: Callable[[Organization], int]) -> int:
        """Do it in each organization these leads are of, in all or in none; how many came of it together."""
        theirs = Exists(self.leads.filter(organization=OuterRef("pk")))
        return sum(do(home) for home in Organization.objects.filter(theirs).order_by("pk"))

    @property
    def _has_picked(self) -> bool:
        return PICKED in self.request.GET

    def _choice_of_all(self) -> forms.ChoiceField:
        """Its value is the number: what was chosen is no choice any more when there are others."""
        homes = [str(home) for home in Organization.objects.filter(pk__in=self.numbers).order_by("name")]
        whose = " and ".join(homes) if len(homes) <= MOST_HOMES_NAMED else f"{len(homes):,} organizations"
        many = f"All {self.number:,} leads" if self.number > 1 else "The only lead"
        return forms.ChoiceField(
            label="Whom",
            choices=[(str(self.number), f"{many} of {whose}")],
            widget=UnfoldAdminRadioSelectWidget,
            error_messages={
                "required": "Choose this if all are meant. Else pick some in the list, or narrow it first.",
                "invalid_choice": "Their number has changed since it was shown. Look at it, and choose again.",
            },
        )

    def next_url(self) -> str:
        query = _without_picked(self.request).urlencode()
        return f"{super().next_url()}?{query}" if query else super().next_url()


class TagThese(OfTheList):
    label = "Tag"
    icon = "sell"
    title = "Tag these leads"
    submit_text = "Put tags on"

    tags = forms.CharField(
        widget=UnfoldAdminTextInputWidget, help_text="Separated by commas. A tag that does not exist yet is made."
    )

    def clean_tags(self) -> list[str]:
        return names_of_tags(self.cleaned_data["tags"])

    def act(self) -> str:
        names = self.cleaned_data["tags"]
        done = self.in_each(lambda home: tag_leads(organization=home, leads=self.leads, names=names, actor=self.actor))
        return f"{done:,} lead{' has' if done == 1 else 's have'} a tag they did not have before."


class UntagThese(TagThese):
    label = "Untag"
    icon = "label_off"
    title = "Take tags off these leads"
    submit_text = "Take tags off"

    tags = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="Separated by commas.")

    def act(self) -> str:
        names = self.cleaned_data["tags"]
        done = self.in_each(
            lambda home: untag_leads(organization=home, leads=self.leads, names=names, actor=self.actor)
        )
        return f"{done:,} tag{' was' if done == 1 else 's were'} taken off."


class EnrollThese(IntoCampaign, OfTheList):
    title = "Add these leads to a campaign"

    def own(self, campaigns: CampaignQuerySet) -> CampaignQuerySet:
        return held_roles(self.request).scope(campaigns, self.needs)

    def act(self) -> str:
        home = self.cleaned_data["campaign"].organization
        own = self.leads.for_organization(home).values_list("pk", flat=True)
        numbers = tuple(own[: MOST_NAMED + 1])
        if not numbers:
            message = f"None of these leads is of {home}."
            raise Refused("none_to_enroll", message, "Choose another campaign.", {"field": "campaign"})
        if len(numbers) > MOST_NAMED:
            message = f"More than {MOST_NAMED:,} leads are meant."
            raise Refused("too_many_to_enroll", message, "Enroll a segment on the campaign's page.")
        return self.enrolled(*numbers)


class SuppressThese(OfTheList):
    label = "Suppress"
    icon = "block"
    title = "Never write to these people again?"
    submit_text = "Suppress addresses"
    is_final = True
    must_count = True

    confirm_number = forms.CharField(
        max_length=30,
        error_messages={"required": "Type the number."},
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Why",
        max_length=300,
        error_messages={"required": "Say why: it is kept for good."},
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in the audit log.",
    )
    shown = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["shown"].initial = self.number
        self.fields["confirm_number"].label = f"Type {self.number:,} to confirm"
        if self.is_blocked or self.number <= MOST_UNCONFIRMED:
            del self.fields["confirm_number"], self.fields["reason"]

    @property
    def description(self) -> str:
        much = f" More than {MOST_SUPPRESSED:,} cannot be suppressed at once: suppress their domain, or pick fewer."
        return super().description + much * self._are_too_many

    @property
    def told_number(self) -> str:
        return Count(self.number).of_leads

    @property
    def is_blocked(self) -> bool:
        return super().is_blocked or self._are_too_many

    @property
    def _are_too_many(self) -> bool:
        return max(self.numbers.values(), default=0) > MOST_SUPPRESSED

    @transaction.atomic
    def act(self) -> str:
        reason = self.cleaned_data.get("reason", "")
        self._require_shown()
        require_meant(number=self.number, typed=self.cleaned_data.get("confirm_number", ""), reason=reason)
        done = self.in_each(
            lambda home: suppress_leads(
                organization=home,
                leads=self.leads,
                source="the list of leads",
                actor=self.actor,
                created_by=self.request.user,
                at=self.now,
                reason=reason,
            )
        )
        if done != self.number:  # somebody came in meanwhile
            raise _number_changed(done)
        return f"{done:,} {'person gets' if done == 1 else 'people get'} nothing more."

    def _require_shown(self) -> None:
        """Refused when the dialog had told another number than that of those it is about now."""
        if self.cleaned_data["shown"] not in (None, self.number):
            self.data = self.request.POST.copy()
            self.data["shown"] = self.number  # which the refusal tells: the next press means this one
            raise _number_changed(self.number)


def _number_changed(number: int) -> StateRefused:
    message = f"These are {number:,} leads by now."
    return StateRefused("number_changed", message, "Look whom it is about, and press again if they are meant.")


def shown_in(model_admin: Any, request: HttpRequest) -> Any:
    """The leads that the list at this address shows, of these only those picked where the address names any; Http404
    where it is narrowed by what the list does not know."""
    return _picked_of(_list_at(model_admin, request).queryset, request)


def _list_at(model_admin: Any, request: HttpRequest) -> Any:
    asked = copy(request)
    asked.GET = _without_picked(request)  # the list itself knows nothing of it
    try:
        return model_admin.unread_list(asked)
    except IncorrectLookupParameters:
        raise Http404("The list of leads cannot be narrowed by this.") from None


def _picked_of(shown: Any, request: HttpRequest) -> Any:
    if PICKED not in request.GET:
        return shown
    picked = [key_of(number) for number in request.GET[PICKED].split(",")]
    if None in picked:
        raise Http404("Leads are picked by their numbers.")
    return shown.filter(pk__in=picked)


def _without_picked(request: HttpRequest) -> Any:
    query = request.GET.copy()
    query.pop(PICKED, None)
    return query
