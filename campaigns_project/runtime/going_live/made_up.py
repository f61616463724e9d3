"""Whether people of one's own work here, and nothing of the demo is left."""

from collections.abc import Iterator

from campaigns.models import Campaign, CampaignStatus
from campaigns_project.accounts.models import Membership, Organization, SecondFactor, User
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime.demo.login import EMAIL
from campaigns_project.runtime.health.check import Check, Level, counted
from leads.models import Lead


def examine_people() -> Iterator[Check]:
    """A system administrator, an organization and its owner, none of them the demo's."""
    people = User.objects.people().filter(is_active=True).exclude(email=EMAIL)
    administrators = people.filter(is_superuser=True, is_staff=True)
    if not administrators.exists():
        fix = "Add yourself under People and tick “system administrator”, or: manage.py createsuperuser --email you@…"
        yield Check("people", Level.FAIL, "Nobody but the demo's owner runs this installation.", fix)
    elif not SecondFactor.objects.filter(user__in=administrators, confirmed=True).exists():
        message = f"{counted(administrators.count(), 'system administrator')} of your own, none with a second factor."
        yield Check("people", Level.WARN, message, "Set one up: behind your name at the bottom left, Second factor.")
    else:
        yield Check("people", Level.OK, f"{counted(administrators.count(), 'system administrator')} of your own.")
    yield _organization(people)


def _organization(people: object) -> Check:
    own = Organization.objects.filter(is_demo=False)
    if not own.exists():
        fix = "Make one under Organizations, and give people their roles there."
        return Check("people", Level.FAIL, "There is no organization but the demo's.", fix)
    nameless = own.filter(postal_address="").order_by("pk").first()
    if nameless is not None:
        fix = "Every mail shows it, as anti-spam law asks; without it no campaign starts."
        return Check("people", Level.FAIL, f"{nameless} has no postal address.", fix)
    owned = Membership.objects.filter(role=Role.OWNER, user__in=people).values("organization")  # type: ignore[misc]
    without = own.exclude(pk__in=owned).order_by("pk").first()
    if without is not None:
        return Check("people", Level.WARN, f"{without} has no owner.", "Give somebody that role on its page.")
    return Check(
        "people", Level.OK, f"{counted(own.count(), 'organization')} of your own, with an address and an owner."
    )


def examine_demo() -> Iterator[Check]:
    """Everything made up, and the login that was printed."""
    made_up = list(Organization.objects.filter(is_demo=True).order_by("pk"))
    for each in made_up:
        leads = Lead.objects.for_organization(each).count()
        campaigns = Campaign.objects.living().for_organization(each)
        running = campaigns.filter(status=CampaignStatus.RUNNING).count()
        first = f"Pause its {counted(running, 'campaign')} that run. " if running else ""
        message = (
            f"{each} is made up, and still here: {counted(leads, 'lead')}, {counted(campaigns.count(), 'campaign')}."
        )
        fix = f"{first}Erase it on its page under Organizations: you see what goes before it goes, and type its name."
        yield Check("demo", Level.FAIL, message, fix)
    if User.objects.filter(email=EMAIL, is_active=True).exists():
        fix = "Log in as yourself, and switch it off under People: untick “active”."
        yield Check("demo", Level.FAIL, f"The demo's login, {EMAIL}, still opens everything here.", fix)
    elif not made_up:
        yield Check("demo", Level.OK, "Nothing made up is left, and the demo's login is closed.")
