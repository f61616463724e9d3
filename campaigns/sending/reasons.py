"""Why a message stands where it stands, where neither the gate nor the mail server says it."""

from django.db import models


class MessageReason(models.TextChoices):
    DEFERRED = "deferred", "the mail server asked to come back later"
    DEFERRED_TOO_LONG = "deferred_too_long", "the mail server put it off for four days"
    BROKEN_OFF = "broken_off", "the connection broke off before the last byte, again and again"
    POISON = "poison", "three workers ended while they worked on it"
    WORKER_LOST = "worker_lost", "the worker ended while the mail was at the mail server"
