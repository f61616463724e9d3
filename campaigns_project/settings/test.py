"""What differs in tests: a cheap password hash, keys of their own, no login lock-out between tests."""

import os
from unittest.mock import patch

from campaigns_project.database import embedded

# Where DATABASE_URL is unset: a server that need not outlive anything.
with patch.object(embedded, "url", embedded.scratch_url):
    from campaigns_project.settings.base import *  # noqa: F403

SECRET_KEY = "tests-only-" + "k" * 50
SECRET_KEY_FALLBACKS = []
FIELD_ENCRYPTION_KEYS = ["tests-only-" + "f" * 50]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
API_REQUESTS_PER_MINUTE = 1_000_000  # tests ask in a loop
SANDBOX = True
OUTBOUND_ALLOW_HOSTS = ["127.0.0.1"]  # where the servers are that tests start
# Nobody is there: no test may ask the real one. A worker beside a test gets the address of the fake.
APOLLO_API_URL = os.environ.get("TEST_APOLLO_API_URL", "http://127.0.0.1:9/api/v1")
INSTANTLY_API_URL = os.environ.get("TEST_INSTANTLY_API_URL", "http://127.0.0.1:9/api/v2")
PUBLIC_URL = os.environ.get("TEST_PUBLIC_URL", "http://testserver")  # a worker beside a test gets the test server's
ALLOWED_HOSTS = ["*"]
SECURE_SSL_REDIRECT = False
WHITENOISE_AUTOREFRESH = True  # each test's client has middleware of its own, which would list all static files first

LOGGING["loggers"]["mail.log"] = {"level": "WARNING"}  # type: ignore[index]  # noqa: F405 - aiosmtpd notes every command

# A database of its own for every run, so that two runs on one machine do not meet.
DATABASES["default"]["TEST"] = {"NAME": f"test_fairlead_{os.getpid()}"}  # noqa: F405
