"""Why a person is not erased."""

from django.db import models

from campaigns_project.errors import NotConfirmed


class ErasureCode(models.TextChoices):
    """What has to end before a person is erased. Nothing was changed."""

    MAIL_IN_FLIGHT = "mail_in_flight", "A worker has a mail to this person in hand"
    IMPORT_ACTIVE = "import_active", "An import of the organization is under way, and its file may name this person"


class WrongAddress(NotConfirmed):
    """The address given to confirm is not that of the person."""

    def __init__(self, address: str):
        message = "The address given to confirm is not that of the person who would be erased."
        super().__init__("wrong_address", message, f"Give “{address}”; capitals count.")
