"""What must fit together among the limits of a sender; the same for its form and the API."""

from campaigns.models import Sender

A_DAY = 86_400  # seconds


def limit_problems(sender: Sender) -> dict[str, str]:
    """What is wrong with the limits `sender` would have, a sentence for each field; empty where nothing is."""
    return {**_ramp_problems(sender), **_gap_problems(sender)}


def _ramp_problems(sender: Sender) -> dict[str, str]:
    if sender.ramp_start is None:
        needless = {"ramp_increase": sender.ramp_increase, "ramp_ceiling": sender.ramp_ceiling}
        sentence = "There is no ramp-up without a start: say with how many mails its first day begins."
        return dict.fromkeys((name for name, value in needless.items() if value), sentence)
    problems = {}
    if sender.ramp_started_on is None:
        problems["ramp_started_on"] = "A ramp-up needs its first day."
    if sender.daily_limit is not None and sender.ramp_start > sender.daily_limit:
        problems["ramp_start"] = f"It begins above the daily limit of {sender.daily_limit}, which holds as well."
    if sender.ramp_ceiling is not None and sender.ramp_ceiling < sender.ramp_start:
        problems["ramp_ceiling"] = f"It ends below its start of {sender.ramp_start} mails."
    elif None not in {sender.ramp_ceiling, sender.daily_limit} and sender.ramp_ceiling > sender.daily_limit:
        problems["ramp_ceiling"] = f"It ends above the daily limit of {sender.daily_limit}, which holds as well."
    return problems


def _gap_problems(sender: Sender) -> dict[str, str]:
    waits = {"gap_seconds": sender.gap_seconds, "gap_jitter_seconds": sender.gap_jitter_seconds}
    sentence = f"At most {A_DAY:,} seconds: that is a day. For fewer mails set a daily limit."
    return dict.fromkeys((name for name, value in waits.items() if value > A_DAY), sentence)
