"""The demo as on its first day: what was made up is erased, and made anew."""

from datetime import datetime, timedelta

from django.conf import settings

from campaigns.deletion import erase_some, preview_organization, request_erasure
from campaigns.models import Campaign
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.demo.login import EMAIL
from campaigns_project.runtime.demo.quiet import pause_the_demo
from campaigns_project.runtime.demo.seeding import seed

TURN = timedelta(minutes=1)


def require_a_demo() -> None:
    """StateRefused where this is not the demo alone: what people have of their own is never erased on the way."""
    if not settings.SANDBOX:
        raise StateRefused("not_a_sandbox", "Demo data is made only while SANDBOX is on.", "Set SANDBOX=on.")
    if User.objects.people().exclude(email=EMAIL).exists() or Organization.objects.filter(is_demo=False).exists():
        message = "Somebody works here besides the demo's owner."
        raise StateRefused("not_the_demo_alone", message, "Erase what the demo made on its page, under Organizations.")


def count_the_demo() -> dict[str, int]:
    """How many organizations would go, with how many campaigns."""
    made_up = Organization.objects.filter(is_demo=True)
    campaigns = Campaign.objects.living().filter(organization__in=made_up)
    return {"organizations": made_up.count(), "campaigns": campaigns.count()}


def reset(*, actor: Actor, now: datetime) -> dict[str, int]:
    """Erase what the demo made and make it anew, with the login as it is; answers as `seed`. Refused as there.

    DeletionBlocked while a worker has something of it in hand: then it is paused, and all is there.
    """
    require_a_demo()
    pause_the_demo(actor=actor, now=now)
    for organization in Organization.objects.filter(is_demo=True).order_by("pk"):
        job = request_erasure(
            organization=organization,
            confirm_name=organization.name,
            token=preview_organization(organization=organization, now=now).token,
            reason="The demo begins anew.",
            actor=actor,
            now=now,
            by_worker=False,
        )
        while erase_some(job_id=job.pk, now=now, budget=TURN):
            pass
    User.objects.filter(email=EMAIL).update(first_steps_closed_at=None)
    return seed(now=now)
