"""Why a person is not erased."""

from django.db import models


class ErasureCode(models.TextChoices):
    """What has to end before a person is erased. Nothing was changed."""

    MAIL_IN_FLIGHT = "mail_in_flight", "A worker has a mail to this person in hand"
    IMPORT_ACTIVE = "import_active", "An import of the organization is under way, and its file may name this person"
