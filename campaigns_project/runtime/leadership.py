"""One leader over any number of machines: whoever holds an advisory lock of one database session."""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from campaigns_project.database import sessions

TICK_LOCK = 0x666C746B  # "fltk"


class Leadership:
    """Holds the lock on a connection of its own, because Django may close the default one at any time.

    Postgres gives the lock free the moment that session ends, also when the process is killed; when its machine is cut
    off, once it has asked there in vain (`database.lines`). A leader that is cut off in mid-duty learns it only at the
    next `held()`: duties must bear an overlap.
    """

    def __init__(self) -> None:
        self._session: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
        self._holds = False

    def held(self) -> bool:
        """Whether we lead now; tries to become the leader.

        Raises django.db.Error where the session is lost, DatabaseFault where a connection is not one session.
        """
        if not self._holds:
            self._holds = sessions.take(self._session, TICK_LOCK)
            return self._holds
        with self._session.cursor() as cursor:
            cursor.execute("SELECT 1")  # the session lives, so the lock does
        return True

    def give_up(self) -> None:
        """Let another one lead. Also the way to begin anew after an error."""
        self._holds = False
        self._session.close()
