"""Where a campaign stands: pre-flight, sending status and progress, as the API shows them."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from campaigns.preflight import LEVELS
from campaigns.why.codes import GateCode, WhyCode


class PreflightProblemSerializer(serializers.Serializer):
    """One finding."""

    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    level = serializers.ChoiceField(LEVELS, help_text="`block`: no start before it is mended; `warn`; `info`.")
    count = serializers.IntegerField(
        allow_null=True, help_text="How many recipients it concerns, where that is the matter."
    )
    leads = serializers.ListField(child=serializers.IntegerField(), help_text="Some of those it concerns.")
    place = serializers.CharField(help_text="The wording it is about, where it is about one.")
    field = serializers.CharField(help_text="The merge field it is about, where it is about one.")


class PreflightSerializer(serializers.Serializer):
    """What would go wrong."""

    ready = serializers.BooleanField(help_text="No problem has the level `block`.")
    problems = PreflightProblemSerializer(many=True)
    snapshot = serializers.CharField(help_text="Stands for content and audience as they are; give it to `start`.")
    checked_at = serializers.DateTimeField()
    mails = serializers.IntegerField(help_text="How many there would be: people times steps.")
    rendered = serializers.IntegerField(help_text="How many of them were made to find this out.")
    is_full = serializers.BooleanField(help_text="All were; false for a large campaign whose check was not made yet.")


class BlockedSenderSerializer(serializers.Serializer):
    """A sender that cannot be used now."""

    id = serializers.IntegerField()
    sender = serializers.CharField()
    why = serializers.ChoiceField(WhyCode.choices)
    sentence = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class GateSerializer(serializers.Serializer):
    """One thing a mail has to pass. Which of the further members there are depends on the gate."""

    code = serializers.ChoiceField(GateCode.choices)
    ok = serializers.BooleanField()
    why = serializers.CharField(help_text="A WhyCode; empty where the gate is open.")
    sentence = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="When it opens, where that is known.")
    used = serializers.IntegerField(required=False)
    limit = serializers.IntegerField(required=False)
    free_at = serializers.DateTimeField(required=False, help_text="When it is counted anew.")
    able = serializers.IntegerField(required=False)
    total = serializers.IntegerField(required=False)
    blocked = BlockedSenderSerializer(many=True, required=False)
    due = serializers.IntegerField(required=False)
    in_flight = serializers.IntegerField(required=False)
    inside = serializers.IntegerField(required=False)
    uncertain = serializers.IntegerField(required=False)
    step = serializers.IntegerField(required=False)
    steps = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="Positions of steps without an active wording."
    )
    due_at = serializers.DateTimeField(required=False)
    message = serializers.IntegerField(required=False, help_text="The one that is open, by its number.")
    attempts = serializers.IntegerField(required=False)
    opens_at = serializers.DateTimeField(required=False)
    first_due_at = serializers.DateTimeField(required=False, allow_null=True)
    timezone = serializers.CharField(required=False)
    exit_reason = serializers.CharField(required=False)
    exited_at = serializers.DateTimeField(required=False, allow_null=True)
    reason = serializers.CharField(required=False, help_text="Of the suppression.")
    halted_at = serializers.DateTimeField(required=False)
    paused_at = serializers.DateTimeField(required=False, allow_null=True)
    pause_code = serializers.CharField(required=False)
    heartbeat_age_s = serializers.FloatField(required=False)

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        """A member that may be null is left out all the same where the gate does not have it."""
        return {name: value for name, value in super().to_representation(instance).items() if name in instance}


@extend_schema_serializer(component_name="SendingStatus")
class StandingSerializer(serializers.Serializer):
    """Why mail leaves, or does not."""

    code = serializers.ChoiceField(WhyCode.choices, help_text="Of the gate that decides, or `healthy`.")
    healthy = serializers.BooleanField(help_text="Nobody has to do anything.")
    summary = serializers.CharField()
    next_send_at = serializers.DateTimeField(allow_null=True)
    gates = GateSerializer(many=True)


class LedgerSerializer(serializers.Serializer):
    """Pairs of a recipient and a mail step; `planned` is the sum of the others."""

    planned = serializers.IntegerField()
    waiting = serializers.IntegerField()
    in_flight = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    uncertain = serializers.IntegerField()
    adds_up = serializers.BooleanField(help_text="Always true, or something is broken.")
    counted_at = serializers.DateTimeField(help_text="A campaign of more than 20,000 people is counted now and then.")


class ProgressSerializer(serializers.Serializer):
    """How far a campaign is."""

    sentence = serializers.CharField(help_text="Where it stands and what comes next.")
    percent = serializers.IntegerField(help_text="Of the planned mails, how many are settled.")
    next_send_at = serializers.DateTimeField(allow_null=True)
    mails_last_minute = serializers.IntegerField()
    ledger = LedgerSerializer()
