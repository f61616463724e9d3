"""Lines to the database that went dead are noticed within a minute, at both ends.

Left alone a server looks after a silent client for the first time after two hours: for so long a machine that lost its
power would hold the leadership of the tick, its lanes and its rows. Questions in between also keep firewalls from
forgetting a line on which nothing is said.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

IDLE, EVERY, TIMES = 20, 5, 4  # seconds of silence until the first question, from one to the next, and how many
UNANSWERED = (IDLE + EVERY * TIMES) * 1000  # milliseconds after which what was sent must have arrived
OURS = {
    "keepalives_idle": IDLE,
    "keepalives_interval": EVERY,
    "keepalives_count": TIMES,
    "tcp_user_timeout": UNANSWERED,
}
_OF_THE_SERVER = {
    "tcp_keepalives_idle": IDLE,
    "tcp_keepalives_interval": EVERY,
    "tcp_keepalives_count": TIMES,
    "tcp_user_timeout": UNANSWERED,
}


def watch_both_ends() -> None:
    """From now on each new connection asks the server to look after it; ours is looked after by OURS."""
    connection_created.connect(_ask_the_server, dispatch_uid="campaigns_project.database.lines")


def _ask_the_server(*, connection: BaseDatabaseWrapper, **_more: Any) -> None:
    # By a statement and not as the connection begins: proxies such as PgBouncer refuse what they do not know.
    if not connection.connection.info.host.startswith("/"):  # a socket's other end is never far
        asked = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _OF_THE_SERVER.items())
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {asked}")
