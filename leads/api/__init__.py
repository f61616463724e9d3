"""What the API offers of leads: the addresses below /api/v1/ and the view behind each."""

from leads.api.enrichment import EnrichmentProfileViewSet
from leads.api.imports import ImportViewSet
from leads.api.leads import LeadViewSet
from leads.api.providers import ProviderAccountViewSet
from leads.api.segments import SegmentViewSet
from leads.api.suppressions import SuppressionViewSet
from leads.api.tags import TagViewSet

ROUTES = (
    ("leads", LeadViewSet, "lead"),
    ("tags", TagViewSet, "tag"),
    ("segments", SegmentViewSet, "segment"),
    ("suppressions", SuppressionViewSet, "suppression"),
    ("imports", ImportViewSet, "import"),
    ("provider-accounts", ProviderAccountViewSet, "provider-account"),
    ("enrichment-profiles", EnrichmentProfileViewSet, "enrichment-profile"),
)
