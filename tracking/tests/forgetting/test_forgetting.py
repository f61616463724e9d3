"""What is old is forgotten where an organization says so, and nothing else changes by it."""

from datetime import timedelta
from typing import Any

import pytest
from django_q.models import OrmQ

from campaigns.forgetting import kept_until
from campaigns.models import Message
from campaigns.sending.content import content_of
from campaigns.tests.factories import (
    VariantFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound
from tracking.forgetting import count_old, details, forget_old
from tracking.models import EmailEvent, InboundMail
from tracking.tasks import forget_old_task, queue_forgetting
from tracking.tests.forgetting.making import DAY, NOW, VALUES, event, incoming, keeps, mail

pytestmark = pytest.mark.django_db


def with_values() -> set[int]:
    return set(Message.objects.filter(merge_values__isnull=False).values_list("pk", flat=True))


def test_values_of_settled_mails_are_cleared_at_their_age_and_nothing_else_of_them():
    home = keeps(30)
    old, young = mail(home, 30 * DAY + timedelta(minutes=1)), mail(home, 29 * DAY)
    before = Message.objects.filter(pk=old.pk).values().get()

    [done] = forget_old(now=NOW)

    after = Message.objects.filter(pk=old.pk).values().get()
    assert (done.values, with_values()) == (1, {young.pk})
    assert after == {**before, "merge_values": None, "values_cleared_at": NOW}
    assert [each.count for each in forget_old(now=NOW)] == [0]


@pytest.mark.parametrize("status", ["pending", "deferred", "uncertain"])
def test_values_of_mails_that_are_not_settled_stay(status: str):
    kept = mail(keeps(30), 90 * DAY, status=status, sent_at=None, reason="timeout" if status == "uncertain" else "")

    forget_old(now=NOW)

    assert with_values() == {kept.pk}


def test_a_mail_that_is_settled_late_counts_from_then():
    message = mail(keeps(30), 90 * DAY, status="uncertain", sent_at=None, reason="timeout")
    forget_old(now=NOW)
    Message.objects.filter(pk=message.pk).update(status="sent", reason="", sent_at=NOW - 5 * DAY)

    counts = [forget_old(now=NOW + number * DAY)[0].values for number in (0, 24, 26)]

    assert counts == [0, 0, 1]


def test_an_organization_that_keeps_for_ever_loses_nothing_beside_one_that_does_not():
    home, other = keeps(30), keeps(None)
    for place in (home, other):
        message = mail(place, 90 * DAY)
        event(message, 90 * DAY)
        incoming(message, 90 * DAY)

    done = forget_old(now=NOW)

    assert [(each.organization, each.values, each.details, each.words) for each in done] == [(home, 1, 1, 1)]
    assert Message.objects.get(merge_values__isnull=False).recipient.campaign.organization == other
    assert EmailEvent.objects.get(ip_address__isnull=False).organization_of() == other
    assert InboundMail.objects.exclude(text="").get().organization == other


def test_details_of_events_go_and_what_is_counted_stays():
    message = mail(keeps(None, details_kept_days=30), 90 * DAY)
    said = {"kind": "hard", "code": "5.1.1", "reply": "no ana@acme.example here", "reason": "x", "link_id": 7}
    old = event(message, 31 * DAY, event_type="bounce", event_data=said, is_machine=True, machine_reason="scanner")
    young = event(message, 29 * DAY)
    before = EmailEvent.objects.filter(pk=old.pk).values().get()

    [done] = forget_old(now=NOW)

    after = EmailEvent.objects.filter(pk=old.pk).values().get()
    kept = {
        "kind": "hard",
        "code": "5.1.1",
        "link_id": 7,
        "details_cleared_at": after["event_data"]["details_cleared_at"],
    }
    assert (done.details, done.values, with_values()) == (1, 0, {message.pk})
    assert after == {**before, "ip_address": None, "user_agent": "", "event_data": kept}
    assert EmailEvent.objects.get(ip_address__isnull=False) == young


def test_events_of_old_news_lose_their_details_when_their_turn_comes():
    message = mail(keeps(30), 90 * DAY)
    event(message, 40 * DAY)
    event(message, 10 * DAY)
    late = event(message, 80 * DAY)  # told of ten days ago at the earliest

    counts = [forget_old(now=NOW + ahead)[0].details for ahead in (0 * DAY, 10 * DAY, 21 * DAY, 21 * DAY)]

    late.refresh_from_db()
    assert counts == [1, 0, 2, 0]
    assert (late.ip_address, late.created_at) == (None, NOW - 80 * DAY)


def test_an_event_that_got_in_behind_is_found_anew():
    home = keeps(30)
    event(mail(home, 90 * DAY), 40 * DAY)
    Organization.objects.filter(pk=home.pk).update(details_cleared_to=10**12)

    plain, counted = forget_old(now=NOW), count_old(now=NOW, anew=True)
    anew = forget_old(now=NOW, anew=True)

    assert [each[0].details for each in (plain, counted, anew)] == [0, 1, 1]


def test_words_of_mails_that_came_in_go_and_the_mail_stays_known():
    message = mail(keeps(30), 90 * DAY)
    old, young = incoming(message, 31 * DAY), incoming(message, 29 * DAY)
    before = InboundMail.objects.filter(pk=old.pk).values().get()

    [done] = forget_old(now=NOW)

    gone = dict.fromkeys(("text", "subject", "from_address", "own_message_id", "why"), "")
    assert done.words == 1
    assert InboundMail.objects.filter(pk=old.pk).values().get() == {**before, **gone, "words_cleared_at": NOW}
    assert InboundMail.objects.exclude(text="").get() == young


def test_a_batch_and_a_turn_have_an_end_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("campaigns.forgetting.BATCH", 2)
    monkeypatch.setattr(details, "BATCH", 2)
    home = keeps(30)
    for _ in range(5):
        event(mail(home, 90 * DAY), 90 * DAY)

    counted = count_old(now=NOW)
    [none] = forget_old(now=NOW, budget=timedelta(microseconds=1))
    [rest] = forget_old(now=NOW)

    assert [(each.values, each.details) for each in (*counted, none, rest)] == [(5, 5), (0, 0), (5, 5)]
    assert (none.is_through, rest.is_through) == (False, True)


def test_a_mail_that_is_tried_again_has_values_again_and_loses_them_later():
    message = mail(keeps(30), 90 * DAY, status="failed", sent_at=None, reason="mailbox_full")
    forget_old(now=NOW)
    Message.objects.filter(pk=message.pk).update(
        status="sent", reason="", sent_at=NOW, attempted_at=NOW, merge_values=VALUES, values_cleared_at=None
    )

    assert [forget_old(now=NOW + ahead)[0].values for ahead in (0 * DAY, 31 * DAY)] == [0, 1]


def test_nothing_is_asked_of_rows_where_nobody_set_an_age(django_assert_num_queries: Any):
    mail(keeps(None), 900 * DAY)

    with django_assert_num_queries(1):
        assert queue_forgetting() is False


def test_a_worker_is_asked_and_one_at_a_time_forgets(monkeypatch: pytest.MonkeyPatch):
    mail(keeps(30), 90 * DAY)
    monkeypatch.setattr("tracking.tasks.FORGETTING", timedelta(microseconds=1))

    assert (queue_forgetting(), forget_old_task()) == (True, 0)
    assert [task.task["func"] for task in OrmQ.objects.all()] == ["tracking.tasks.forget_old_task"] * 2


def test_the_mail_shown_again_says_when_its_values_were_cleared_and_until_when_they_are_kept():
    home = keeps(90)
    message = mail(home, 100 * DAY)
    variant = VariantFactory(step=message.step, subject="Hello", body_text="Hello {{ first_name }}")
    Message.objects.filter(pk=message.pk).update(variant=variant)
    message.refresh_from_db()
    until, shown = kept_until(message, home), content_of(message).text

    forget_old(now=NOW)

    message.refresh_from_db()
    with pytest.raises(NotFound) as refused:
        content_of(message)
    assert (shown.startswith("Hello Ana"), until, kept_until(message, home)) == (True, NOW - 10 * DAY, None)
    assert refused.value.code == "content_not_kept"
    assert refused.value.message == (f"The values of this mail were cleared on {NOW:%-d %b %Y} (kept for 100 days).")


def test_a_mail_that_was_never_made_is_not_said_to_have_lost_its_values():
    message = mail(
        keeps(30), 90 * DAY, status="skipped", sent_at=None, attempted_at=None, reason="x", merge_values=None
    )

    [done] = forget_old(now=NOW)

    message.refresh_from_db()
    with pytest.raises(NotFound) as refused:
        content_of(message)
    assert (done.values, message.values_cleared_at) == (0, NOW)
    assert refused.value.message == f"The content of message {message.pk} is not there."


def test_no_time_is_told_for_a_mail_that_instantly_made_or_that_is_uncertain():
    home = keeps(90)
    there = mail(home, 10 * DAY, merge_values=None, recipient__campaign__delivered_by="instantly")
    uncertain = mail(home, 10 * DAY, status="uncertain", sent_at=None, reason="timeout")

    assert [kept_until(each, home) for each in (there, uncertain, mail(home, DAY))] == [None, None, NOW + 89 * DAY]
