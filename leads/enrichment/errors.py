"""Why a lead was not enriched. The lead stays as it was; the code and the sentence are kept with the enrichment."""

from campaigns_project.errors import Refused, StateRefused


class ProfileRefused(Refused):
    """The settings of a profile cannot be used as they are."""


class EnrichmentRefused(StateRefused):
    """This lead could not be enriched; the next one may well be."""


class EndpointRefused(EnrichmentRefused):
    """The endpoint did not answer, or said no to us and not to the question: it would do the same for the next lead."""
