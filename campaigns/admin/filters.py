"""Filters of lists that hang on a campaign."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from campaigns.models import Campaign, CampaignStatus, ExitReason, MessageStatus, RecipientStatus
from campaigns_project.accounts.admin.filters import ByParameter
from campaigns_project.accounts.admin.held import held_roles


class OfCampaign(ByParameter):
    """`?campaign=42`; the path to the campaign is the model's own."""

    title = "campaign"
    parameter_name = "campaign"
    path = "campaign"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(Campaign.objects.living())


class OfCampaignByRecipient(OfCampaign):
    path = "recipient__campaign"


class Kind(DropdownFilter):
    """Whether people come into a campaign by themselves."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("custom", "Custom: people are put in by hand"), ("automatic", "Automatic")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"custom", "automatic"}:
            return queryset
        return queryset.filter(is_automatic=self.value() == "automatic")


class Group(DropdownFilter):
    """Campaigns by what is to be done about them. What is in the archive is shown to those who ask for it."""

    title = "group"
    parameter_name = "group"
    groups = {
        "running": ("Running", Q(status=CampaignStatus.RUNNING)),
        "scheduled": ("Scheduled", Q(status=CampaignStatus.SCHEDULED)),
        # Those that somebody has paused wait for nobody else.
        "attention": (
            "Needs attention",
            Q(status=CampaignStatus.FAILED) | Q(status=CampaignStatus.PAUSED) & ~Q(status_code=""),
        ),
        "paused": ("Paused", Q(status=CampaignStatus.PAUSED)),
        "drafts": ("Drafts", Q(status=CampaignStatus.DRAFT)),
        "done": ("Done", Q(status__in=[CampaignStatus.COMPLETED, CampaignStatus.STOPPED])),
        "archived": ("Archive", Q(status=CampaignStatus.ARCHIVED)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.asks_otherwise = bool(
            {SEARCH_VAR, "status__exact"} & {name for name, value in request.GET.items() if value}
        )
        return [(key, label) for key, (label, _) in self.groups.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in self.groups:
            return queryset.filter(self.groups[self.value()][1])
        return queryset if self.asks_otherwise else queryset.exclude(status=CampaignStatus.ARCHIVED)


class Did(DropdownFilter):
    """Recipients by what a figure of the campaign counts them for."""

    title = "what they did"
    parameter_name = "did"
    kinds = {
        "reached": ("Got a mail", Q(sent_at__isnull=False)),
        "replied": ("Replied", Q(replied_at__isnull=False)),
        "clicked": ("Clicked", Q(clicked_at__isnull=False)),
        "opened": ("Opened, about", Q(opened_at__isnull=False)),
        "bounced": ("Bounced", Q(bounced_at__isnull=False)),
        "opted_out": ("Opted out", Q(exit_reason__in=[ExitReason.UNSUBSCRIBED, ExitReason.COMPLAINED])),
        "booked": ("Booked", Q(booked_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.kinds.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(self.kinds[self.value()][1]) if self.value() in self.kinds else queryset


class Standing(DropdownFilter):
    """Where recipients stand, in the groups of the ledger."""

    title = "being in or out"
    parameter_name = "standing"
    groups = {
        "in": ("Still in", RecipientStatus.IN),
        "out": ("Out", RecipientStatus.OUT),
        "early": ("Out before the end", RecipientStatus.OUT),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.groups.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in self.groups:
            return queryset
        chosen = queryset.filter(status__in=self.groups[self.value()][1])
        return chosen.exclude(exit_reason=ExitReason.COMPLETED) if self.value() == "early" else chosen


class Place(DropdownFilter):
    """Where messages stand, in the places of the ledger."""

    title = "place in the ledger"
    parameter_name = "place"
    places = {
        "waiting": ("Waiting", MessageStatus.WAITING),
        "in_flight": ("In flight", MessageStatus.IN_FLIGHT),
        "sent": ("Sent", {MessageStatus.SENT}),
        "failed": ("Failed", {MessageStatus.FAILED}),
        "skipped": ("Skipped", {MessageStatus.SKIPPED}),
        "uncertain": ("Uncertain", {MessageStatus.UNCERTAIN}),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.places.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(status__in=self.places[self.value()][1]) if self.value() in self.places else queryset
