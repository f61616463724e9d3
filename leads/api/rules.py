"""The rules of a segment, as the document describes them; what they mean is read by `leads.segments.reading` alone."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns_project.rest.serializers import KeptJSONField

MATCHES = ("all", "any")


class RuleSerializer(serializers.Serializer):
    """One question about a lead; docs/segments.md has the fields, with the operators and values of each."""

    field = serializers.CharField(help_text="title, tag, last_contacted, custom.NAME …")
    operator = serializers.CharField(help_text="is, has_any_word, any_of …")
    value = serializers.JSONField(required=False, help_text="A text, a number or a list of either; some take none.")


class RuleGroupSerializer(serializers.Serializer):
    """A lead fits a group when all, or any, of its rules are so."""

    match = serializers.ChoiceField(MATCHES, default="all")
    rules = RuleSerializer(many=True, allow_empty=False)


class SegmentRulesSerializer(serializers.Serializer):
    """A lead is in when it fits all, or any, of the groups and none of those to exclude."""

    match = serializers.ChoiceField(MATCHES, default="all")
    groups = RuleGroupSerializer(many=True, required=False)
    exclude = RuleGroupSerializer(many=True, required=False)


@extend_schema_field(SegmentRulesSerializer)
class RulesField(KeptJSONField):
    """Rules as they are written; a refusal says the place in them."""
