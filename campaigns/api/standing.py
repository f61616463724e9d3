"""Where a campaign stands: pre-flight and progress, as the API shows them."""

from rest_framework import serializers


class PreflightProblemSerializer(serializers.Serializer):
    """One finding."""

    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    level = serializers.ChoiceField(["block", "warn"])
    count = serializers.IntegerField(
        allow_null=True, help_text="How many recipients it concerns, where that is the matter."
    )


class PreflightSerializer(serializers.Serializer):
    """What keeps a campaign from starting."""

    ready = serializers.BooleanField()
    problems = PreflightProblemSerializer(many=True)


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


class ProgressSerializer(serializers.Serializer):
    """How far a campaign is."""

    sentence = serializers.CharField(help_text="Where it stands and what comes next.")
    percent = serializers.IntegerField(help_text="Of the planned mails, how many are settled.")
    next_send_at = serializers.DateTimeField(allow_null=True)
    mails_last_minute = serializers.IntegerField()
    ledger = LedgerSerializer()
