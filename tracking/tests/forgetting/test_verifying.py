"""What is kept past its time is found by `verify_schema`, and gone after what it says to do."""

import pytest

from campaigns_project.accounts.models import Organization
from campaigns_project.tests.verification.rows.asking import findings
from tracking.forgetting import forget_old
from tracking.tests.forgetting.making import DAY, NOW, event, incoming, keeps, mail

pytestmark = pytest.mark.django_db

OF_AGES = {"values_kept_too_long", "details_kept_too_long", "words_kept_too_long"}


def found() -> list[tuple[str, list[str]]]:
    return sorted((one.id, one.samples) for one in findings() if one.id in OF_AGES)


def test_each_is_found_after_two_days_of_grace_and_forgetting_mends_it():
    home = keeps(30)
    message = mail(home, 33 * DAY)
    keys = {
        "details_kept_too_long": event(message, 33 * DAY).pk,
        "values_kept_too_long": message.pk,
        "words_kept_too_long": incoming(message, 33 * DAY).pk,
    }
    in_time = mail(home, 31 * DAY)
    event(in_time, 31 * DAY)
    incoming(in_time, 31 * DAY)
    event(message, 29 * DAY)
    event(message, 33 * DAY)  # told of 29 days ago at the earliest: kept until then

    before = found()
    forget_old(now=NOW)

    assert before == [(code, [str(key)]) for code, key in keys.items()]
    assert found() == []


def test_details_that_got_in_behind_are_found():
    home = keeps(30)
    behind = event(mail(keeps(None), 90 * DAY), 90 * DAY), event(mail(home, 33 * DAY), 33 * DAY)
    Organization.objects.filter(pk=home.pk).update(details_cleared_to=10**12, values_kept_days=None)

    before = found()
    forget_old(now=NOW, anew=True)

    assert before == [("details_kept_too_long", [str(behind[1].pk)])]
    assert found() == []


def test_uncertain_mails_and_other_organizations_are_not_found():
    mail(keeps(30), 90 * DAY, status="uncertain", sent_at=None, reason="timeout")
    other = mail(keeps(None), 90 * DAY)
    event(other, 90 * DAY)
    incoming(other, 90 * DAY)

    assert found() == []
