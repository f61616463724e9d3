"""A campaign that is being deleted, with a row of everything a campaign can have, beside others of its organization."""

import re
from typing import Any

from django.apps import apps
from django.db.models import DB_CASCADE, Model

from campaigns.models import Campaign
from campaigns.tests.factories import NOON, LeadFactory
from campaigns_project.references import loose_references
from campaigns_project.tests.tenancy.addresses import Address
from campaigns_project.tests.tenancy.world import MAKERS, World
from leads.models import Lead

MARKER = "leaving-campaign"
# These outlive the campaign and speak of it; or they are its deletion.
_MAY_NAME_IT = ("/admin/audit/", "/admin/campaigns/campaigntombstone/", "/api/v1/audit-log")
_DELETION = re.compile(r"/deletions?(/|$)|/delete/$|/export$")  # or the way to keep a copy


class LeavingCampaign(World):
    """Made in the organization of `home`; `marker` stands in every text of what goes with the campaign, and only there.

    `lead` is whom it writes to: people stay.
    """

    def __init__(self, home: World, marker: str, lead: Lead | None = None):
        self.marker = marker
        self.rows = {**home.rows, Lead: lead or LeadFactory(organization=home.organization)}
        for model in going_with_a_campaign():
            self.rows[model] = MAKERS[model](self)
        for model, reference in loose_references(Campaign):
            self.rows[model] = MAKERS[model](self)
            model._base_manager.filter(pk=self[model].pk).update(**{reference.column: self[Campaign].pk})

    def begin(self) -> None:
        """What the request to delete it does first."""
        Campaign.objects.filter(pk=self[Campaign].pk).update(deleting_at=NOON)

    @property
    def going(self) -> dict[type[Model], Any]:
        """The rows that go with the campaign, by model."""
        loose = [model for model, _ in loose_references(Campaign)]
        return {model: self.rows[model] for model in [*going_with_a_campaign(), *loose]}


def may_name_it(address: Address) -> bool:
    """Whether what is shown there is of campaigns that are being deleted, too."""
    return address.route.startswith(_MAY_NAME_IT) or bool(_DELETION.search(address.route))


def going_with_a_campaign() -> list[type[Model]]:
    """The campaign and what hangs on it by foreign keys that cascade, in the order in which rows can be made."""
    return [model for model in MAKERS if getattr(model, "deleting_path", "")]


def models_below(root: type[Model]) -> set[type[Model]]:
    """Every model whose rows the database deletes with a row of `root`."""
    below: set[type[Model]] = {root}
    while True:
        more = {
            model
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if field.related_model in below and field.remote_field.on_delete is DB_CASCADE
        }
        if more <= below:
            return below
        below |= more
