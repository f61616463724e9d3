from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand


class Command(VerbCommand):
    help = f"Take the schedule of a campaign back: it is a draft again. {EXIT_CODES}"
    verb = "unschedule"
    act = staticmethod(lifecycle.unschedule)
