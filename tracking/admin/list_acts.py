"""What can be done to all leads that the list shows, as dialogs."""

from collections.abc import Callable
from copy import copy
from typing import Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.models import CampaignQuerySet
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from campaigns_project.keys import key_of
from leads.admin.people import names_of_tags
from leads.bulk import suppress_leads
from leads.models import Lead, LeadQuerySet
from leads.segments.counting import count
from leads.tags import tag_leads, untag_leads
from tracking.admin.into_campaign import IntoCampaign

MOST_NAMED = 1_000_000  # leads whose numbers are handed to one enrollment
PICKED = "picked"  # in the address of an act: the numbers of the leads whose boxes are checked, with commas


class OfTheList(ActDialog):
    """An act on all leads that the list shows now, on whatever page, or on those of them that were picked: the address
    carries what it is narrowed by."""

    needs = Role.OPERATOR

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._shown = shown_in(self.admin, self.request)

    @property
    def description(self) -> str:
        whom = "those you picked" if PICKED in self.request.GET else "all that the list shows now"
        return f"{count(self.leads).of_leads}: {whom}."

    @property
    def leads(self) -> LeadQuerySet:
        """Those of organizations in which the user may work."""
        own = Lead.objects.filter(pk__in=self._shown.order_by().values("pk"))
        return held_roles(self.request).scope(own, self.needs)

    @transaction.atomic
    def in_each(self, do: Callable[[Organization], int]) -> int:
        """Do it in each organization these leads are of, in all or in none; how many came of it together."""
        theirs = Exists(self.leads.filter(organization=OuterRef("pk")))
        return sum(do(home) for home in Organization.objects.filter(theirs).order_by("pk"))

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

    def act(self) -> str:
        done = self.in_each(
            lambda home: suppress_leads(
                organization=home,
                leads=self.leads,
                source="the list of leads",
                actor=self.actor,
                created_by=self.request.user,
                at=self.now,
            )
        )
        return f"{done:,} {'person gets' if done == 1 else 'people get'} nothing more."


def shown_in(model_admin: Any, request: HttpRequest) -> Any:
    """The leads that the list at this address shows, of these only those picked where the address names any; Http404
    where it is narrowed by what the list does not know."""
    asked = copy(request)
    asked.GET = _without_picked(request)  # the list itself knows nothing of it
    try:
        shown = model_admin.unread_list(asked).queryset
    except IncorrectLookupParameters:
        raise Http404("The list of leads cannot be narrowed by this.") from None
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
