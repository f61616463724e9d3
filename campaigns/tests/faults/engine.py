"""The whole engine in a test of a fault: a real campaign, `work()`, a real socket, and what the rows say after it."""

from collections import Counter
from email import message_from_bytes

from django.db.models import F
from django.utils import timezone

from campaigns.models import Campaign, Message, Recipient, Sender
from campaigns.sending.recover import recover
from campaigns.sending.work import work
from campaigns.tests.sending.leases import age_leases
from leads.models import Suppression


def send(lane=1):
    """One turn of a worker."""
    return work(lane=lane)


def message(**which):
    """Status and reason of the one message."""
    return Message.objects.filter(**which).values_list("status", "reason").get()


def recipient(**which):
    """Status and exit reason of the one recipient."""
    return Recipient.objects.filter(**which).values_list("status", "exit_reason").get()


def sender():
    """Status of the one sender, and the first word of what is wrong with it."""
    status, reason = Sender.objects.values_list("status", "status_reason").get()
    return status, reason.partition(":")[0]


def campaign_status():
    return Campaign.objects.values_list("status", flat=True).get()


def suppressed():
    return list(Suppression.objects.values_list("reason", flat=True))


def wait_of_the_one():
    """How long until the one recipient is due."""
    return Recipient.objects.get().next_send_at - timezone.now()


def pass_time(span):
    """As if so much time had gone by: everything that is to come comes nearer, everything past goes back."""
    Recipient.objects.exclude(next_send_at=None).update(next_send_at=F("next_send_at") - span)
    Message.objects.exclude(first_deferred_at=None).update(first_deferred_at=F("first_deferred_at") - span)
    Sender.objects.exclude(backs_off_until=None).update(backs_off_until=F("backs_off_until") - span)


def wait_until_due():
    """As if it were the moment at which the one recipient is due."""
    wait = max(wait_of_the_one(), timezone.timedelta(0))
    pass_time(wait)
    return wait


def end_leases():
    """As if everybody in flight had not been heard of for longer than a lease lasts; returns how many were mended."""
    age_leases()
    return recover(now=timezone.now())


def message_ids(mails):
    """Of raw mails as a server got them."""
    return [message_from_bytes(mail)["Message-ID"] for mail in mails]


def statuses():
    """How many messages stand in each status."""
    return Counter(Message.objects.values_list("status", flat=True))


def taken_once(server):
    """How many mails the server took; fails when one of them came twice."""
    ids = message_ids(server.taken)
    assert len(set(ids)) == len(ids)
    return len(ids)
