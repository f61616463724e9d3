"""Secrets that no present key opens."""

import json

import pytest
from django.apps import apps

from campaigns.models import Sender
from campaigns.tests.factories import SenderFactory
from campaigns_project.encryption import EncryptedTextField
from campaigns_project.tests.tenancy.world import World
from campaigns_project.tests.verification.rows.asking import findings, run, told

pytestmark = pytest.mark.django_db

ENCRYPTED = [
    (model, field.column)
    for model in apps.get_models()
    for field in model._meta.local_fields
    if isinstance(field, EncryptedTextField)
]


@pytest.mark.parametrize(("model", "column"), ENCRYPTED)
def test_a_secret_that_cannot_be_decrypted_is_found_in_every_encrypted_field(model, column):
    row = World("alpha")[model]

    run(f'UPDATE {model._meta.db_table} SET "{column}" = %s WHERE id = %s', "not of this key", row.pk)

    assert told() == [("secret_unreadable", f"{model._meta.db_table}.{column}", 1, [str(row.pk)])]
    assert "not of this key" not in json.dumps([finding.as_json() for finding in findings()])


def test_a_key_that_was_changed_and_not_kept_is_found(settings):
    SenderFactory(password="hunter2")

    settings.FIELD_ENCRYPTION_KEYS = ["another"]

    assert [one[0] for one in told()] == ["secret_unreadable"]


def test_a_key_that_was_changed_and_kept_behind_the_new_one_is_right(settings):
    SenderFactory(password="hunter2")

    settings.FIELD_ENCRYPTION_KEYS = ["another", *settings.FIELD_ENCRYPTION_KEYS]

    assert told() == []


def test_more_secrets_than_are_read_at_once_are_all_read(monkeypatch):
    monkeypatch.setattr("campaigns_project.verification.rows.encrypted.BATCH", 2)
    senders = SenderFactory.create_batch(5, password="hunter2")

    run("UPDATE senders SET password = 'rubbish' WHERE id = %s", senders[-1].pk)

    assert told() == [("secret_unreadable", "senders.password", 1, [str(senders[-1].pk)])]
    assert Sender.objects.count() == 5
