"""A question that no index answers, and that takes its time for each lead it is asked of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Func, Q, TextField, Value
from django.db.models.lookups import Exact

from campaigns.tests.factories import LeadFactory, SegmentFactory
from campaigns_project import patience
from leads.models import Lead, Segment
from leads.segments import fields
from leads.segments.kinds import MarkKind
from leads.tests.segments.test_reading import one

APART = 20_000  # numbers between two groups of leads, as a million others would lie between them
GROUP = 4


class SlowKind(MarkKind):
    """True of everybody, after 20 milliseconds; asked the other way round, of nobody."""

    def condition(self, operator: str, value: Any, asking: Any) -> Q:
        asleep = Func(template="pg_sleep(0.02)::text", output_field=TextField())
        return Q(Exact(asleep, Value("" if operator == "is" else "awake")))


@contextmanager
def slow_segment(home: Any) -> Iterator[Segment]:
    """A segment of everybody that takes longer than a page may take."""
    fields.offer([SlowKind("slow", "Slow", "Person")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "SHARED_BY", 1)
        yield SegmentFactory(organization=home, name="Slow", rules=one("slow", "is"))
    fields._fields.pop("slow")


def far_apart(home: Any) -> list[Lead]:
    """Three groups of leads, newest first, with many numbers between the groups."""
    numbers = [group * APART + place for group in (1, 2, 3) for place in range(GROUP)]
    return [LeadFactory(organization=home, pk=number) for number in numbers][::-1]
