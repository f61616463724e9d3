"""Numbers that people write down."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from campaigns.models import MetricEntry
from campaigns.ops.metric_files import import_values
from campaigns.ops.metrics import Value, read_number, record_value, record_values, remove_entry
from campaigns.tests.factories import MetricDefinitionFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused, SeveralRefused

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture
def metric():
    return MetricDefinitionFactory(name="Meetings held", unit="meetings")


def enter(metric, value, day=TODAY, **more):
    entered = Value(metric, day, Decimal(value), more.pop("note", None))
    return record_value(entered=entered, author=None, actor=SYSTEM, today=TODAY)


def told():
    entries = AuditLog.objects.filter(entity_type="metricentry").order_by("pk")
    return [
        (entry.action, entry.before and entry.before.get("value"), entry.after and entry.after.get("value"))
        for entry in entries
    ]


def test_a_correction_replaces_the_value_and_the_log_keeps_both(metric):
    _, is_new = enter(metric, "4", note="with Ada")
    entry, is_new_again = enter(metric, "5")

    assert (is_new, is_new_again, entry.value, entry.note) == (True, False, 5, "with Ada")
    assert [act for act, _, _ in told()] == ["metricentry.created", "metricentry.changed"]
    assert [(Decimal(before or 0), Decimal(after)) for _, before, after in told()] == [(0, 4), (4, 5)]
    assert "Ada" not in str(AuditLog.objects.values_list("before", "after"))


def test_the_same_value_again_is_no_correction(metric):
    enter(metric, "4")
    enter(metric, "4.0")

    assert len(told()) == 1


def test_a_value_is_taken_back(metric):
    entry, _ = enter(metric, "4")
    remove_entry(entry=entry, actor=SYSTEM)

    assert not MetricEntry.objects.exists()
    assert told()[-1][0] == "metricentry.deleted"


@pytest.mark.parametrize(
    ("value", "day", "code"),
    [
        ("1", TODAY + timedelta(days=2), "day_ahead"),
        ("1", date(1, 1, 1), "day_out_of_range"),
        ("1e14", TODAY, "number_out_of_range"),
        ("NaN", TODAY, "number_out_of_range"),
        ("0.00001", TODAY, "number_too_fine"),
    ],
)
def test_what_cannot_have_been_measured_is_refused(metric, value, day, code):
    with pytest.raises(Refused) as refused:
        enter(metric, value, day)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("1 200.5", Decimal("1200.5")), ("12,5", Decimal("12.5")), ("-3", -3), ("\N{MINUS SIGN}3", -3)],
)
def test_numbers_are_read_as_people_write_them(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["", "many", "1,200", "inf", "nan", "1.2.3", "٣", "1,2,3", "0x1"])
def test_what_is_no_clear_number_is_refused(text):
    with pytest.raises(Refused) as refused:
        read_number(text)

    assert refused.value.code == "not_a_number"


def load(metric, text, name="entries.csv"):
    return import_values(
        organization=metric.organization,
        stream=BytesIO(text.encode()),
        file_name=name,
        author=None,
        actor=SYSTEM,
        today=TODAY,
    )


def test_a_file_enters_all_of_its_rows(metric):
    enter(metric, "4", date(2026, 11, 19))

    done = load(metric, "Metric;Date;Value;Note\nMeetings held;2026-11-19;5;\nmeetings held;2026-11-20;6;at the fair\n")

    assert done == (1, 1)
    assert list(MetricEntry.objects.order_by("date").values_list("value", "note")) == [(5, ""), (6, "at the fair")]


def test_a_file_with_a_wrong_row_enters_none_and_names_it(metric):
    with pytest.raises(SeveralRefused) as refused:
        load(metric, "metric,date,value\nMeetings held,2026-11-20,6\nMeetings,20.11.2026,x\n")

    assert "Row 3: There is no metric “Meetings”." in str(refused.value)
    assert not MetricEntry.objects.exists()


def test_a_file_without_its_columns_is_refused(metric):
    with pytest.raises(Refused, match="no column “value”"):
        load(metric, "metric,date\nMeetings held,2026-11-20\n")


def test_another_organizations_metric_is_not_to_be_had(metric):
    MetricDefinitionFactory(name="Theirs")

    with pytest.raises(Refused, match="no metric “Theirs”"):
        load(metric, "metric,date,value\nTheirs,2026-11-20,6\n")


def test_of_many_all_are_entered_or_none(metric):
    good, ahead = Value(metric, TODAY, Decimal(1)), Value(metric, TODAY + timedelta(days=9), Decimal(1))

    with pytest.raises(Refused):
        record_values(entered=[ahead, good], author=None, actor=SYSTEM, today=TODAY)

    assert not MetricEntry.objects.exists()
