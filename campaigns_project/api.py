"""The one DRF router: what each app offers under /api/v1/, paths without a trailing slash."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from campaigns import api as campaigns
from campaigns_project.rest.audit_log import AuditLogViewSet
from campaigns_project.rest.me import MeView
from campaigns_project.rest.problems import not_found
from campaigns_project.rest.retention import RetentionViewSet
from campaigns_project.webhooks import api as webhooks
from leads import api as leads
from tracking import api as tracking

router = SimpleRouter(trailing_slash=False)
for prefix, viewset, name in (*leads.ROUTES, *campaigns.ROUTES, *tracking.ROUTES, *webhooks.ROUTES):
    router.register(prefix, viewset, basename=name)
router.register("audit-log", AuditLogViewSet, basename="audit-log")

urlpatterns = [
    *router.urls,
    *(re_path(rf"^{address}$", view, name=name) for address, view, name in (*campaigns.VIEWS, *tracking.VIEWS)),
    path("me", MeView.as_view(), name="me"),
    path("retention", RetentionViewSet.as_view({"get": "read", "patch": "change"}), name="retention"),
    re_path("", not_found),
]
