from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand


class Command(VerbCommand):
    help = f"Put a campaign that has ended out of the way. {EXIT_CODES}"
    verb = "archive"
    act = staticmethod(lifecycle.archive)
