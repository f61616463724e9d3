"""One leader over any number of machines: whoever holds an advisory lock of one database session."""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

TICK_LOCK = 0x666C746B  # "fltk"


class Leadership:
    """Holds the lock on a connection of its own, because Django may close the default one at any time.

    Postgres gives the lock free the moment that session ends, also when the process is killed or its machine is cut
    off. A leader that is cut off in mid-duty learns it only at the next `held()`: duties must bear an overlap.
    """

    def __init__(self) -> None:
        self._session: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
        self._holds = False

    def held(self) -> bool:
        """Whether we lead now; tries to become the leader. Raises django.db.Error where the session is lost."""
        with self._session.cursor() as cursor:
            if self._holds:
                cursor.execute("SELECT 1")  # the session lives, so the lock does
            else:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [TICK_LOCK])
                self._holds = cursor.fetchone()[0]
        return self._holds

    def give_up(self) -> None:
        """Let another one lead. Also the way to begin anew after an error."""
        self._holds = False
        self._session.close()
