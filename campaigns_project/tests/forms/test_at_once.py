"""Two connections that save the same form in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import EmailTemplateFactory, VariantFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.forms.tabs import Tab
from campaigns_project.tests.rest.test_races import hanging_up, wait_until_somebody_waits_for_us

# Apart from the tests that share a world: that is never committed, so that another connection would see none of it.
pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_save_at_once_the_second_is_told_what_the_first_has_saved() -> None:
    """Two connections: the second comes while the first has saved and is not through yet."""
    variant = VariantFactory()
    home = variant.step.campaign.organization
    editors = [member(home, Role.OWNER) for _ in range(2)]

    outcomes = [
        of_two(editors, row, {"subject": "Theirs"}) for row in (variant, EmailTemplateFactory(organization=home))
    ]

    assert outcomes == [(302, True, "Theirs")] * len(outcomes)


def of_two(editors: list[Client], row: Any, theirs: dict[str, str]) -> tuple[int, bool, str]:
    first, second = (Tab(each, change(row)) for each in editors)
    [name] = theirs
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            saved = first.save(**theirs)
            waiting = other.submit(hanging_up, lambda: second.save(**{name: "Mine"}))
            wait_until_somebody_waits_for_us()
        refused = waiting.result(timeout=20)
    is_told = (
        refused.status_code == 200 and "was changed meanwhile" in refused.context["adminform"].form.errors[name][0]
    )
    row.refresh_from_db()
    return saved.status_code, is_told, getattr(row, name)


def change(row: Any) -> str:
    return reverse(f"admin:campaigns_{row._meta.model_name}_change", args=[row.pk])
