"""The web process: granian serves `application`."""

import logging
import os
import sys

from django.core.wsgi import get_wsgi_application

from campaigns_project.unmeasured import Measured
from campaigns_project.unreadable import Readable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
application = Measured(Readable(get_wsgi_application()))

# What knows models can be imported only from here on.
from django.db import connection  # noqa: E402

from campaigns_project.commands import exit_code  # noqa: E402
from campaigns_project.database.identity import configured  # noqa: E402
from campaigns_project.database.tables import require_tables  # noqa: E402
from campaigns_project.errors import Refused  # noqa: E402

log = logging.getLogger(__name__)
log.info("serving with database %s", configured())
try:
    require_tables()
except Refused as refused:
    log.critical("the web cannot start: %s", refused)
    sys.exit(exit_code(refused))
connection.close()  # requests are served by other threads, each with a connection of its own
