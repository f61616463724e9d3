from axes.management.commands.axes_reset_username import Command as AxesCommand

from campaigns_project.audit.noting import Noted


class Command(Noted, AxesCommand):
    """As django-axes has it, and noted in the audit log."""

    action = "lockout.lifted"
    tells = ("username",)
