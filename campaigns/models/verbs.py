"""Which verb of a campaign leads on from which states."""

from campaigns.models.campaign import CampaignStatus

FROM = {
    "start": (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED),
    "schedule": (CampaignStatus.DRAFT,),
    "unschedule": (CampaignStatus.SCHEDULED,),
    "pause": (CampaignStatus.RUNNING,),
    "resume": (CampaignStatus.PAUSED, CampaignStatus.FAILED),
    "stop": (CampaignStatus.RUNNING, CampaignStatus.PAUSED),
    "archive": (CampaignStatus.COMPLETED, CampaignStatus.STOPPED, CampaignStatus.FAILED),
    "restore": (CampaignStatus.ARCHIVED,),
}


def verbs_from(status: str) -> tuple[str, ...]:
    """The verbs this state allows, in the order of the job."""
    return tuple(verb for verb, states in FROM.items() if status in states)
