"""Templates: wordings kept for use in steps, each with the versions it had."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns.models import Campaign, EmailTemplate, TemplateVersion
from campaigns.steps import WORDING, check_wording
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused

# Versions of one template; with every body as long as it may be they are some ten megabytes.
MOST_KEPT = 50


@transaction.atomic
def keep_version(*, template: EmailTemplate, actor: Actor, copy_of: int | None = None) -> TemplateVersion | None:
    """Keep the wording that a template was given as its next version; None where its newest one says the same.

    Belongs into the transaction of whatever makes or changes a template. The oldest beyond MOST_KEPT go.
    """
    EmailTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
    newest = template.versions.first()
    wording = _wording(template)
    if newest is not None and _wording(newest) == wording:
        return None
    number = newest.version + 1 if newest else 1
    made = TemplateVersion.objects.create(
        template=template, version=number, copy_of=copy_of, made_by=actor.name[:254], **wording
    )
    template.versions.filter(version__lte=number - MOST_KEPT).delete()
    return made


@transaction.atomic
def use_version(*, template: EmailTemplate, version: int, actor: Actor) -> EmailTemplate:
    """Give a template the wording again that it had as `version`, as a new version: what it has now is not lost.

    NotFound where that one is not kept, refused where it is the wording it has now or cannot be used any more.
    """
    held = EmailTemplate.objects.select_for_update(no_key=True).filter(pk=template.pk).first()
    older = held.versions.filter(version=version).first() if held else None
    if held is None or older is None:
        raise NotFound("not_found", f"There is no version {version} of this template.")
    before, after = _wording(held), _wording(older)
    changed = [name for name in WORDING if before[name] != after[name]]
    if not changed:
        raise StateRefused("version_in_use", f"Version {version} says what the template says now.")
    check_wording(after)
    EmailTemplate.objects.filter(pk=held.pk).update(**after, updated_at=Now())
    held.refresh_from_db()
    record(
        action="emailtemplate.changed",
        entity=held,
        organization_id=held.organization_id,
        actor=actor,
        before={name: before[name] for name in changed},
        after={**{name: after[name] for name in changed}, "version_used": version},
    )
    keep_version(template=held, actor=actor, copy_of=version)
    return held


def other_versions(template: EmailTemplate) -> QuerySet[TemplateVersion]:
    """Those that say something else than the template says now, newest first."""
    return template.versions.exclude(**_wording(template))


def campaigns_of(template: EmailTemplate) -> QuerySet[Campaign]:
    """The campaigns that name it, or have a wording that was begun from it; newest first."""
    own = Campaign.objects.living().filter(organization_id=template.organization_id)
    named, begun = own.filter(template=template), own.filter(steps__variants__template=template)
    return own.filter(pk__in=named.values("pk").union(begun.values("pk"))).order_by("-pk")


def _wording(row: Any) -> dict[str, str]:
    return {name: getattr(row, name) for name in WORDING}
