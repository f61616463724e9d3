"""Every address of the web process."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from campaigns.api.feed import calendar_file
from campaigns_project import api
from campaigns_project.rest import problems
from campaigns_project.rest.document import DocumentView
from campaigns_project.runtime import probes
from campaigns_project.runtime.health_api import HealthView

# Here and not when the apps get ready: a worker needs no pages, which are a tenth of its memory.
admin.autodiscover()

READING = ["get", "head"]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/schema/", DocumentView.as_view(http_method_names=READING), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=READING), name="docs"),
    path("api/v1/campaigns/track/", include("tracking.urls")),
    path("t/", include("tracking.urls", namespace="t")),
    path("calendar/<str:token>.ics", calendar_file, name="calendar_file"),
    path("hooks/", include("tracking.webhook_urls")),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("mailbox/", include("campaigns_project.runtime.mailbox.urls")),
    path("api/v1/system/health", HealthView.as_view(), name="system-health"),
    path("api/v1/", include(api.urlpatterns)),
    re_path("^api/", problems.not_found),
]

handler400 = problems.bad_request
handler500 = problems.server_error
