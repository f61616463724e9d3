"""Settings of every process. Values come from the environment; `.env.example` explains each with a line."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from campaigns_project.database import embedded, lines
from campaigns_project.settings.api_parts import PARTS
from campaigns_project.settings.environment import Environment
from campaigns_project.settings.keys import kept_key
from campaigns_project.settings.unfold import UNFOLD  # noqa: F401 - a setting like the others

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Environment(BASE_DIR / ".env")

VAR_DIR = env.folder("VAR_DIR", default=BASE_DIR / "var")
DEBUG = env.switch("DEBUG", default=False)
SANDBOX = env.switch("SANDBOX", default=True)
# Plans, calendar, tasks and metrics. Off: no pages, no addresses; blackout days hold all the same.
CAMPAIGN_OPS_ENABLED = env.switch("CAMPAIGN_OPS_ENABLED", default=True)

# ---- Where we are reached -------------------------------------------------------------------------------------------
WEB_HOST = env.text("WEB_HOST", default="127.0.0.1")
WEB_PORT = env.number("WEB_PORT", default=8000, least=1, most=65_535)
PUBLIC_URL = env.web_address("PUBLIC_URL", default=f"http://localhost:{WEB_PORT}")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = env.texts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if _public.hostname and _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, _public.hostname]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
HTTPS = _public.scheme == "https"
# A proxy of ours stands in front: its X-Forwarded-For and -Proto are believed. Off: anybody could forge them.
BEHIND_PROXY = env.switch("BEHIND_PROXY", default=False)
PROXIES = env.number("PROXIES", default=1, least=1, most=100)

# ---- Secrets --------------------------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY") or kept_key(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.texts("SECRET_KEY_FALLBACKS")
FIELD_ENCRYPTION_KEYS = env.texts("FIELD_ENCRYPTION_KEYS") or [kept_key(VAR_DIR / "field_encryption_key")]

# ---- Applications ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "tracking",
    "campaigns",
    "leads",
    "campaigns_project.audit",
    "campaigns_project.workers",
    "campaigns_project.cleanup",
    "campaigns_project.idempotency",
    "campaigns_project.webhooks",
    "campaigns_project.verification",
    "campaigns_project.accounts",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "campaigns_project.apps.FairleadAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",  # its templates, for the renderer below
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "pgtrigger",
    "axes",
    "campaigns_project.runtime",  # last: puts the packages' admin pages on our own base
]

MIDDLEWARE = [
    "campaigns_project.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "tracking.middleware.PixelMiddleware",
    "campaigns_project.middleware.AreaContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "campaigns_project.urls"
WSGI_APPLICATION = "campaigns_project.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # else templates of ours are not looked at for a widget

# ---- Database -------------------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
DATABASES = {"default": env.database("DATABASE_URL", default=embedded.url)}
DATABASES["default"].update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False)
# Seconds. Without it a database behind a dead line is waited for two minutes, also by whoever asks whether we are well.
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5, **lines.OURS, **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "campaigns_project.accounts.backends.PasswordAndCode",  # and never Django's: the password alone would do
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "campaigns_project.accounts.attempts.line_of"
AXES_USERNAME_CALLABLE = "campaigns_project.accounts.attempts.account_meant"
AXES_USERNAME_FORM_FIELD = "username"
# Beside the password, in what is kept of a failed login: a code that came with a wrong password can still be used.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "token", "code"]
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_ENABLE_ADMIN = False  # registered on our own admin base, see accounts.admin

# ---- Times and words ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["campaigns_project.formats"]

# ---- Files ----------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT") or None
STATICFILES_DIRS = [BASE_DIR / "campaigns_project" / "static"]
WHITENOISE_USE_FINDERS = True  # serves straight from the packages: no collectstatic step to forget
# An upload is streamed to a temporary file above this; the cap on the whole file is the import's own.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500  # two for each of the 1,000 columns an import may have

# ---- Security headers -----------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "fairlead_session"
CSRF_COOKIE_NAME = "fairlead_csrf"
SECURE_SSL_REDIRECT = HTTPS and env.switch("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by machines on the inside, without TLS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"

# ---- API ------------------------------------------------------------------------------------------------------------
# Of each caller, in each web process: far above what a program needs, and below what a loop sends.
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", default=12_000, least=1, most=1_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "campaigns_project.rest.authentication.BearerKey",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["campaigns_project.accounts.api.RoleAllows"],
    "DEFAULT_THROTTLE_CLASSES": ["campaigns_project.rest.throttling.PerCaller"],
    "DEFAULT_PAGINATION_CLASS": "campaigns_project.rest.paging.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["campaigns_project.rest.filtering.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "campaigns_project.rest.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": None,
    "AUTO_REFRESH": False,
    "TOKEN_PREFIX": "fl_",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fairlead API",
    "DESCRIPTION": (
        "Campaigns, leads and what happened to every mail.\n\n"
        "- **Key**: send it as `Authorization: Bearer KEY`. An owner makes one under "
        "[API keys](/admin/accounts/serviceaccount/), or `manage.py create_api_key` does. With *Authorize* below you "
        "can try every request here; what it changes is changed.\n"
        "- **Lists** are paged: follow `next`. **Times** are RFC 3339 in UTC.\n"
        "- **Errors** are `application/problem+json` with a `code` for programs and a sentence for people; an unknown "
        "parameter or field is an error too.\n"
        "- **Changes**: a row has an `ETag`; sent as `If-Match` it keeps a change from overwriting what somebody else "
        "has changed meanwhile.\n\n"
        "The same as a file: [OpenAPI](/api/v1/schema/). Back to the [admin](/admin/)."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    # As it is reached: the document is made once, whatever name it is asked for by.
    "SERVERS": [{"url": "/", "description": "The installation that this document is of"}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "LICENSE": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "WEBHOOKS": ["campaigns_project.webhooks.examples.DOCUMENTED"],
    "TAGS": PARTS,
    # Two hundred addresses: first what there is, with a box to search in it.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "AUTHENTICATION_WHITELIST": ["campaigns_project.rest.authentication.BearerKey"],
    "ENUM_NAME_OVERRIDES": {
        "CampaignStatus": "campaigns.models.CampaignStatus",
        "RecipientStatus": "campaigns.models.RecipientStatus",
        "ExitReason": "campaigns.models.ExitReason",
        "MessageStatus": "campaigns.models.MessageStatus",
        "ProgressStatus": "campaigns_project.states.ProgressStatus",
        "SenderStatus": "campaigns.models.SenderStatus",
        "DeliveredBy": "campaigns.models.DeliveredBy",
        "ToldToInstantly": "campaigns.models.Told",
        "WebhookEndpointStatus": "campaigns_project.webhooks.models.EndpointStatus",
        "WebhookDeliveryStatus": "campaigns_project.webhooks.models.DeliveryStatus",
        "SenderKind": "campaigns.models.SenderKind",
        "WebhookStatus": "tracking.models.WebhookStatus",
        "QuarantineCode": "tracking.models.QuarantineCode",
        "HealthStatus": "campaigns.health.HealthStatus",
        "LeadStatus": "leads.models.LeadStatus",
        "SuppressionReason": "leads.models.SuppressionReason",
        "SuppressionReasonToGive": "leads.models.suppression.GIVEN_REASONS",
        "UserStatus": "campaigns.models.UserStatus",
        "TaskKind": "campaigns.models.TaskKind",
        "CalendarItemKind": "campaigns.models.ItemKind",
        "CalendarEntryKind": "campaigns.ops.calendar.EntryKind",
        "Authentication": "campaigns.models.oauth.Authentication",
        "GateCode": "campaigns.why.codes.GateCode",
        "WhyCode": "campaigns.why.codes.WhyCode",
        "ActorKind": "campaigns_project.audit.actors.ActorKind",
        "AuditExportFormat": "campaigns_project.audit.exporting.ExportFormat",
        "DeEnrollmentOutcome": "campaigns.models.de_enrollment.Outcome",
        "EventType": "tracking.models.event.EventType",
        "ImportSource": "leads.models.lead_import.ImportSource",
        "ImportStatus": "leads.models.lead_import.ImportStatus",
        "InboundMailKind": "tracking.models.inbound_mail.InboundKind",
        "InboundMailStatus": "tracking.models.inbound_mail.InboundStatus",
        "InboundMailMatchedBy": "tracking.models.inbound_mail.MatchedBy",
        "JobKind": "campaigns.models.job.JobKind",
        "LeadProvider": "leads.models.provider.Provider",
        "LeadVerification": "leads.models.lead.Verification",
        "MailboxSecurity": "campaigns.models.mailbox.MailboxSecurity",
        "MergeChoice": "tracking.merging.choosing.Choice",
        "MergeFateCode": "tracking.merging.plan.FateCode",
        "MetricCadence": "campaigns.models.metric.Cadence",
        "MetricDirection": "campaigns.models.metric.Direction",
        "PlanMetric": "campaigns.models.plan.PlanMetric",
        "ResumeOverdue": "campaigns.lifecycle.begin.Overdue",
        "Role": "campaigns_project.accounts.roles.Role",
        "SenderSecurity": "campaigns.models.sender.SenderSecurity",
        "TaskColumn": "campaigns.models.task.TaskStatus",
        "TimelineEntryKind": "tracking.timeline.kinds.EntryKind",
        "UncertainDecision": "campaigns.sending.decide.Decision",
        "WaitUnit": "campaigns.models.content.WaitUnit",
        "WindowZone": "campaigns.models.campaign.WindowZone",
    },
}

# ---- Work in the background -----------------------------------------------------------------------------------------
WORKERS = env.number("WORKERS", default=2, least=1, most=256)
# Of mail, at once in each of them; a sender may allow fewer connections.
STREAMS = env.number("STREAMS", default=4, least=1, most=64)
Q_CLUSTER: dict[str, Any] = {
    "name": "fairlead",
    "orm": "default",
    "workers": WORKERS,
    "timeout": 300,  # a task works for seconds and re-queues itself; a mail server may take two minutes to answer
    "retry": 900,  # far above timeout, else a slow task would run beside its own copy
    "broker_class": "campaigns_project.workers.broker.Turns",
    "queue_limit": 1,  # what is taken ahead has lost its place: a turn of sending would wait behind it
    "bulk": 1,
    "poll": 0.2,
    "save_limit": -1,  # no success rows: our own tables tell what was done
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "label": "Background tasks",
}

# ---- Imports --------------------------------------------------------------------------------------------------------
IMPORT_ROWS_KEPT_DAYS = env.number("IMPORT_ROWS_KEPT_DAYS", default=30, least=0, most=36_500)  # rows as received

# ---- Mail -----------------------------------------------------------------------------------------------------------
MAILBOX_DIR = VAR_DIR / "mailbox"
SANDBOX_SMTP_HOST = "127.0.0.1"
SANDBOX_SMTP_PORT = env.number("MAILBOX_PORT", default=1025, least=1, most=65_535)

# ---- Connections that people name the other end of ------------------------------------------------------------------
OUTBOUND_ALLOW_HOSTS = env.texts("OUTBOUND_ALLOW_HOSTS")
APOLLO_API_URL = env.web_address("APOLLO_API_URL", default="https://api.apollo.io/api/v1")
APOLLO_LEGACY_SEARCH = env.switch("APOLLO_LEGACY_SEARCH", default=False)
INSTANTLY_API_URL = env.web_address("INSTANTLY_API_URL", default="https://api.instantly.ai/api/v2")
DNS_RESOLVER = env.text("DNS_RESOLVER")  # address or address:port; empty: those of the system

# ---- Logs -----------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.one_of("LOG_FORMAT", ("console", "json"), default="console")
LOG_LEVEL = env.one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {"()": "campaigns_project.logs.formatter", "format": LOG_FORMAT},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "console"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it would log tracking tokens
        "django-q": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
