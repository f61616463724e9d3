"""Rates of two wordings beside each other; the bounds are those of Newcombe's paper of 1998 (56 of 70, 48 of 80)."""

import pytest

from tracking.admin.results import results
from tracking.analytics.differences import difference
from tracking.analytics.shares import share


def test_the_interval_is_that_of_the_published_example() -> None:
    found = difference(share(56, 70), share(48, 80))

    assert found is not None
    assert (found.by, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("first", "other", "said"),
    [
        (share(40, 1000), share(80, 1000), "B beside A: +4.0 points of replies (+1.9 to +6.1): B is better."),
        (share(80, 1000), share(40, 1000), f"{MINUS}4.0 points of replies ({MINUS}6.1 to {MINUS}1.9): A is better."),
        (share(10, 200), share(13, 200), "no clear winner yet."),
        (share(0, 50), share(40, 50), "too early to say, with fewer than 100 mails of one of them."),
    ],
)  # fmt: skip
def test_the_page_says_whether_it_may_be_chance(first: object, other: object, said: str) -> None:
    variants = [{"label": "A", "replied": first}, {"label": "B", "replied": other}]
    steps = [
        {"position": 1, "variants": variants},
        {"position": 2, "variants": variants[:1]},
        {"position": 3, "variants": []},
    ]
    nothing = dict.fromkeys(("replied", "clicked", "opened", "bounced", "unsubscribed", "complained"), share(0, 0))

    shown = results({"generated_at": None, "days": [], "people": nothing, "events": {}, "steps": steps})["compared"]

    assert len(shown) == 1 and shown[0].endswith(said)
