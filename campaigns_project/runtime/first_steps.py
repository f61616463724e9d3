"""What a newcomer does first, ticked off by what is there: in the demo, and in an installation of one's own.

No step has a flag of its own. In the demo, where everything is there already, the audit log says what people did.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from campaigns.models import Campaign, CampaignStatus, Sender, Step
from campaigns.sending.trial import ACTION as TEST_SENT
from campaigns_project.accounts.admin.held import HeldRoles, held_roles
from campaigns_project.accounts.models import Organization, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import ActorKind
from campaigns_project.audit.models import AuditLog
from leads.models import Lead

BY_PEOPLE = (ActorKind.USER, ActorKind.KEY, ActorKind.COMMAND)
MADE, STARTED = "campaign.created", "campaign.started"
RESUMED, IMPORTED = "campaign.resumed", "import.committed"
ANSWERED, KEY_MADE = "inboundmail.handed_in", "api_key.created"
TOLD_BY_THE_LOG = (MADE, STARTED, RESUMED, IMPORTED, ANSWERED, KEY_MADE, TEST_SENT)


@dataclass(frozen=True)
class FirstStep:
    """One thing to do: where it is done, and whether it is."""

    is_done: bool
    text: str
    detail: str
    url: str


@dataclass(frozen=True)
class FirstSteps:
    """The list with its heading."""

    title: str
    steps: list[FirstStep]
    is_demo: bool

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.steps)

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_through(self) -> bool:
        """Nothing is left to do."""
        return self.done == self.total


def first_steps(request: HttpRequest) -> FirstSteps | None:
    """The list for whoever may work here; None when they closed it, or are through."""
    held = held_roles(request)
    if not held.covers(Role.OPERATOR) or not _wants_them(request.user):
        return None
    found = [_in_the_demo(held), _of_ones_own(held)]
    return next((steps for steps in found if steps is not None and not steps.is_through), None)


def _wants_them(user: Any) -> bool:
    return isinstance(user, User) and user.first_steps_closed_at is None


def _in_the_demo(held: HeldRoles) -> FirstSteps | None:
    # That of `make demo` has no people.
    made_up = Organization.objects.filter(is_demo=True, memberships__isnull=False)
    organization = held.scope(made_up, Role.OPERATOR).order_by("pk").first() if settings.SANDBOX else None
    if organization is None:
        return None
    may_make_keys = held.covers(Role.OWNER, organization.pk)
    steps = list(_demo_steps(organization, _done_by_people(organization), may_make_keys=may_make_keys))
    return FirstSteps("Ten minutes with the demo", steps, is_demo=True)


def _done_by_people(organization: Organization) -> set[str]:
    acts = AuditLog.objects.for_organization(organization).filter(action__in=TOLD_BY_THE_LOG, actor_kind__in=BY_PEOPLE)
    return set(acts.order_by().values_list("action", flat=True).distinct())


def _demo_steps(organization: Organization, done: Collection[str], *, may_make_keys: bool) -> Iterator[FirstStep]:
    campaigns = Campaign.objects.living().for_organization(organization)
    under_way = [CampaignStatus.RUNNING, CampaignStatus.PAUSED]  # so that who paused it finds it again
    at_work = campaigns.filter(status__in=under_way).order_by("-emails_sent").first()
    drafts = campaigns.filter(status=CampaignStatus.DRAFT)
    ready = drafts.filter(total_recipients__gt=0).order_by("-total_recipients").first()
    of_people = campaigns.exclude(created_by=None)
    own = of_people.filter(status=CampaignStatus.DRAFT).order_by("-pk").first()
    yield FirstStep(
        RESUMED in done,
        "Watch the running campaign, pause it, and resume it",
        "It sends a mail every few seconds, and its numbers move. “Why?” says what the next mail waits for.",
        _page(at_work),
    )
    yield FirstStep(
        TEST_SENT in done,
        "Send yourself a test",
        "A mail of the draft, as one of its people would get it. It arrives in the local mailbox.",
        _page(ready, "send_test"),
    )
    yield FirstStep(
        IMPORTED in done,
        "Import 20 people",
        "The sample file has three rows that are broken on purpose: nothing is imported before you have seen them.",
        reverse("admin:leads_leadimport_add"),
    )
    yield FirstStep(
        MADE in done,
        "Make a campaign of your own",
        "Its name will do; or press “Create a campaign” when the import is through.",
        reverse("admin:campaigns_campaign_add"),
    )
    yield FirstStep(
        of_people.filter(total_recipients__gt=0, steps__isnull=False, campaign_senders__isnull=False).exists(),
        "Write its first mail, choose a sender, and enroll your people",
        "The preview shows the mail as each of them will get it.",
        _page(own, "steps"),
    )
    yield FirstStep(
        STARTED in done,
        "Check it and start it",
        "Pre-flight makes every single mail first. For a minute nothing leaves, then the mailbox fills.",
        _page(own or ready),
    )
    yield FirstStep(
        ANSWERED in done,
        "Answer a mail as one of its recipients",
        "Open any mail in the mailbox and reply, or let it bounce: within seconds the campaign knows.",
        reverse("mailbox:list"),
    )
    yield FirstStep(
        KEY_MADE in done,
        "Make an API key and ask for the same numbers",
        "Under every page stands the request that gives the same rows, to be copied.",
        reverse(f"admin:accounts_serviceaccount_{'new_key' if may_make_keys else 'changelist'}"),
    )


def _of_ones_own(held: HeldRoles) -> FirstSteps | None:
    """For an installation, or an organization, that has not started anything; not beside a demo without one."""
    own = Organization.objects.filter(is_demo=False)
    mine = held.scope(own, Role.OPERATOR)
    organization = mine.order_by("pk").first()
    if organization is None and held.scope(Organization.objects.all()).exists():
        return None
    campaigns = Campaign.objects.living().filter(organization__in=mine)
    if campaigns.exclude(started_at=None).exists():
        return None
    return FirstSteps("From here to the first mail", list(_own_steps(organization, mine, campaigns)), is_demo=False)


def _own_steps(
    organization: Organization | None, mine: QuerySet[Any], campaigns: QuerySet[Campaign]
) -> Iterator[FirstStep]:
    """From an empty installation to the first mail, in the order of the job."""
    campaign = campaigns.order_by("-pk").first()
    senders = Sender.objects.filter(organization__in=mine)
    sender = senders.order_by("pk").first()
    home = reverse("admin:accounts_organization_add")
    if organization is not None:
        home = reverse("admin:accounts_organization_change", args=[organization.pk])
    yield FirstStep(
        bool(organization and organization.postal_address),
        "Say who you are",
        "Every mail shows your organization's postal address; anti-spam law asks for it.",
        home,
    )
    yield FirstStep(
        sender is not None,
        "Add a sender",
        "The mailbox your mails come from. With the sandbox on, an address is enough.",
        reverse("admin:campaigns_sender_add"),
    )
    yield FirstStep(
        senders.exclude(health_checked_at=None).exclude(health__status="fail").exists(),
        "Check it",
        "Its login, and whether SPF, DKIM and DMARC of its domain vouch for your mails. The sandbox asks no DNS.",
        reverse("admin:campaigns_sender_change", args=[sender.pk]) if sender else reverse("admin:campaigns_sender_add"),
    )
    yield FirstStep(
        Lead.objects.filter(organization__in=mine).exists(),
        "Import your leads",
        "A CSV with one person a row. Columns, encoding and delimiter are found.",
        reverse("admin:leads_leadimport_add"),
    )
    yield FirstStep(campaign is not None, "Make a campaign", "Its name and when mail may leave.", _page(campaign))
    has_steps = campaign is not None and Step.objects.filter(campaign=campaign).exists()
    yield FirstStep(
        has_steps,
        "Write its first mail",
        "A subject and a body, with a preview as a real lead.",
        _page(campaign, "steps"),
    )
    was_tested = AuditLog.objects.filter(organization_ref__in=mine.values("pk"), action=TEST_SENT).exists()
    yield FirstStep(
        was_tested,
        "Send yourself a test",
        "The mail as one of your leads would get it, to your own address.",
        _page(campaign, "send_test"),
    )
    is_peopled = campaign is not None and campaign.total_recipients > 0
    yield FirstStep(is_peopled, "Enroll leads and start", "The campaign's page says what is missing.", _page(campaign))


def _page(campaign: Campaign | None, of: str = "change") -> str:
    """A page of the campaign; the form for a new one where there is none yet."""
    if campaign is None:
        return reverse("admin:campaigns_campaign_add")
    return reverse(f"admin:campaigns_campaign_{of}", args=[campaign.pk])
