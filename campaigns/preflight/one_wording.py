"""What pre-flight would say of one wording, while it is still being written."""

from itertools import chain

from campaigns.models import Variant
from campaigns.preflight.checking import check_organization, check_wording
from campaigns.preflight.examples import LOOKED_AT
from campaigns.preflight.phrasing import advise_on
from campaigns.preflight.problems import LEVELS, Problem, place_of


def look_at(variant: Variant) -> list[Problem]:
    """What blocks, what to be warned of and what to know, without saying each time which wording it is about.

    Of a large campaign the first LOOKED_AT recipients are asked for; a start looks at all of them.
    """
    step = variant.step
    of_sender = check_organization(step.campaign.organization)
    blocking = check_wording(step.campaign, step, variant, most=LOOKED_AT)
    place = f"{place_of(step, variant)}: "
    found = chain(blocking, of_sender, advise_on(variant))
    return sorted((_without(place, problem) for problem in found), key=lambda each: LEVELS.index(each.level))


def _without(place: str, problem: Problem) -> Problem:
    message = problem.message.removeprefix(place)
    return Problem(**{**problem.as_dict(), "leads": problem.leads, "message": message[:1].upper() + message[1:]})
