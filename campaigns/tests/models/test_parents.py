"""A mail's step, variant and sender: looked up once a statement, and as binding as foreign keys."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.models import Message, Sender, Step, Variant
from campaigns.tests.factories import MessageFactory, RecipientFactory, SenderFactory, StepFactory, VariantFactory
from campaigns_project.tests.sessions import one_behind_the_other

pytestmark = pytest.mark.django_db

NOBODY = 9_000_000_000  # a key no row has
PARENTS = {"step_id": "campaign_steps", "variant_id": "campaign_variants", "sender_id": "senders"}


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def message() -> Message:
    step = StepFactory()
    recipient = RecipientFactory(campaign=step.campaign)
    return MessageFactory(recipient=recipient, step=step, variant=VariantFactory(step=step), sender=SenderFactory())


@pytest.mark.parametrize("column", PARENTS)
def test_a_mail_cannot_name_what_is_not_there(message: Message, column: str):
    with pytest.raises(IntegrityError, match=f"no row {NOBODY} in {PARENTS[column]}"), transaction.atomic():
        run(f"UPDATE campaign_messages SET {column} = %s", NOBODY)

    named = {"step_id": message.step_id, "variant_id": message.variant_id, "sender_id": message.sender_id}
    others = RecipientFactory.create_batch(2, campaign=message.recipient.campaign)
    rows = [Message(recipient=others[0], **named), Message(recipient=others[1], **{**named, column: NOBODY})]
    with pytest.raises(IntegrityError, match=f"no row {NOBODY} in {PARENTS[column]}"), transaction.atomic():
        Message.objects.bulk_create(rows)
    assert list(Message.objects.values_list("pk", flat=True)) == [message.pk]


def test_without_a_variant_and_a_sender_nothing_is_looked_up(message: Message):
    Message.objects.update(variant=None, sender=None)
    Message.objects.bulk_create([Message(recipient=RecipientFactory(), step=message.step)])

    assert Message.objects.filter(variant=None, sender=None).count() == 2


def test_a_mail_goes_with_its_step_and_forgets_its_variant_and_its_sender(message: Message):
    stays = MessageFactory()
    run("DELETE FROM campaign_variants WHERE id = %s", message.variant_id)
    run("DELETE FROM senders WHERE id = %s", message.sender_id)

    message.refresh_from_db()
    assert (message.variant, message.sender) == (None, None)
    run("DELETE FROM campaign_steps WHERE id = %s", message.step_id)
    assert list(Message.objects.all()) == [stays]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parent", [Step, Variant, Sender])
def test_what_a_mail_that_is_being_written_names_is_deleted_after_it(message: Message, parent: type[Any]):
    key = {Step: message.step_id, Variant: message.variant_id, Sender: message.sender_id}[parent]
    named = {"step_id": message.step_id, "variant_id": message.variant_id, "sender_id": message.sender_id}
    recipient = RecipientFactory(campaign=message.recipient.campaign)

    one_behind_the_other(
        lambda: Message.objects.create(recipient=recipient, **named),
        lambda: run(f"DELETE FROM {parent._meta.db_table} WHERE id = %s", key),
    )

    if parent is Step:
        assert not Message.objects.exists()
    else:
        assert list(Message.objects.values_list(parent._meta.model_name, flat=True)) == [None, None]
