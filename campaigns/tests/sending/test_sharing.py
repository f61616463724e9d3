"""Variants are dealt out by weight, to each recipient always the same, and edits move as few people as possible."""

from collections import Counter

import pytest

from campaigns.models import Variant
from campaigns.sending.sharing import share_of

PEOPLE = range(1, 6_001)


def variant(key: int, weight: int = 1) -> Variant:
    return Variant(pk=key, weight=weight)


def dealt(*variants: Variant) -> dict[int, int]:
    return {person: share_of(person, variants).pk for person in PEOPLE}


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (5, 3, 2), (1, 1_000)])
def test_each_gets_its_share(weights):
    counts = Counter(dealt(*(variant(key, weight) for key, weight in enumerate(weights, start=1))).values())

    for key, weight in enumerate(weights, start=1):
        assert counts[key] == pytest.approx(len(PEOPLE) * weight / sum(weights), abs=150)


def test_the_order_of_the_variants_does_not_matter():
    first, second, third = variant(1), variant(2, 2), variant(3)

    assert dealt(first, second, third) == dealt(third, first, second)


def test_only_those_of_a_variant_that_is_switched_off_change():
    before, after = dealt(variant(1), variant(2), variant(3)), dealt(variant(1), variant(3))

    assert all(after[person] == before[person] for person in PEOPLE if before[person] != 2)


def test_a_new_variant_takes_people_and_moves_none_between_the_others():
    before, after = dealt(variant(1), variant(2)), dealt(variant(1), variant(2), variant(3))

    assert {after[person] for person in PEOPLE if after[person] != before[person]} == {3}


def test_more_weight_only_moves_people_to_it():
    before, after = dealt(variant(1), variant(2)), dealt(variant(1), variant(2, 2))

    moved = [person for person in PEOPLE if after[person] != before[person]]
    assert {after[person] for person in moved} == {2}
    assert len(moved) == pytest.approx(len(PEOPLE) / 6, abs=150)  # from a half to two thirds
