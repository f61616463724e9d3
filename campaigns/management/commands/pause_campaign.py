from typing import Any

from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand
from campaigns.models import Campaign


class Command(VerbCommand):
    help = f"Pause a campaign: no mail leaves after this but those a mail server is taking at the moment. {EXIT_CODES}"
    verb = "pause"
    act = staticmethod(lifecycle.pause)

    def further(self, campaign: Campaign) -> dict[str, Any]:
        return {"may_still_go": lifecycle.may_still_go(campaign)}

    def sentences(self, campaign: Campaign) -> list[str]:
        under_way = lifecycle.may_still_go(campaign)
        return [f"{under_way:,} mails were at a mail server at that moment, and may still arrive."] if under_way else []
