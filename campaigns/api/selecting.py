"""The body that says which leads are meant."""

from typing import Any

from rest_framework import serializers

from campaigns.enrollment import Selection
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import LineField, StrictSerializer

MOST_IDS = 100_000  # leads named one by one; more are better named by a tag
BIGGEST_ID = 2**63 - 1


class SelectionSerializer(StrictSerializer):
    """Whom: exactly one of lead_ids, tag, filter, segment and everyone; without those to exclude."""

    lead_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID),
        required=False,
        allow_empty=False,
        max_length=MOST_IDS,
    )
    tag = LineField(required=False, max_length=60, help_text="The name of a tag.")
    filter = serializers.DictField(
        child=serializers.CharField(max_length=320),
        required=False,
        help_text="By field: company, country, city, title, status, email_domain, q.",
    )
    segment = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGGEST_ID, help_text="The number of a segment."
    )
    everyone = serializers.BooleanField(required=False, default=False)
    exclude_tag = LineField(required=False, max_length=60, help_text="Nobody who carries this tag, by its name.")
    exclude_segment = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGGEST_ID, help_text="Nobody of this segment, by its number."
    )


@example("Everybody", everyone=True)
class EnrolledSerializer(SelectionSerializer):
    """Whom to enroll; `top` takes only the best of them by the campaign's ranking who are not in the campaign yet."""

    top = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


def selection_of(asked: dict[str, Any]) -> Selection:
    """The selection that a valid body describes."""
    ids = asked.get("lead_ids")
    return Selection(**{**asked, "lead_ids": None if ids is None else tuple(ids)})
