from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand


class Command(VerbCommand):
    help = f"Take a campaign out of the archive, to the state it was archived from. {EXIT_CODES}"
    verb = "restore"
    act = staticmethod(lifecycle.restore)
