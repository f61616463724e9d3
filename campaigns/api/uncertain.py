"""/uncertain-messages: the mails nobody can know of, of all campaigns, and deciding about many of them at once."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.messages import MessageSerializer
from campaigns.api.verbs import ReasonSerializer
from campaigns.models import Campaign, Message
from campaigns.sending.decide import Decision, decide_uncertain
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from campaigns_project.rest.filtering import CreatedFilters, IdFilter
from campaigns_project.rest.serializers import ScopedRelatedField
from campaigns_project.rest.viewsets import ApiViewSet

MOST = 1_000  # messages named one by one in a body


@extend_schema_serializer(component_name="UncertainMessage")
class UncertainSerializer(MessageSerializer):
    """A message that waits for evidence or a decision, and the campaign it is of."""

    campaign = serializers.IntegerField(source="recipient.campaign_id", read_only=True)

    class Meta(MessageSerializer.Meta):
        fields = ["campaign", *MessageSerializer.Meta.fields]
        read_only_fields = fields


class UncertainFilters(CreatedFilters):
    campaign = IdFilter("recipient__campaign", label="The number of a campaign.")
    lead = IdFilter("recipient__lead", label="The number of a lead.")
    sender = IdFilter("sender", label="The number of a sender.")

    class Meta:
        model = Message
        fields: list[str] = []


class DecideSerializer(ReasonSerializer):
    """Which, by exactly one of `messages`, `campaign` and `all`; and what they are taken for."""

    decision = serializers.ChoiceField(Decision.choices)
    messages = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=MOST, help_text="By number."
    )
    campaign = ScopedRelatedField(
        queryset=Campaign.objects.living(), required=False, help_text="All of this campaign, by its number."
    )
    all = serializers.BooleanField(default=False, help_text="All of the organization.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(("messages" in attrs, "campaign" in attrs, attrs["all"])) != 1:
            raise Refused(
                "selection_unclear",
                "Say in exactly one way which messages are meant.",
                "Give one of: messages, campaign, all.",
            )
        return attrs


class DecidedSerializer(serializers.Serializer):
    """What came of it."""

    decided = serializers.IntegerField(help_text="Messages that were uncertain and are not any more.")


class UncertainViewSet(mixins.ListModelMixin, ApiViewSet):
    """Never sent again by themselves. Evidence (an open, a click, a bounce) settles one without anybody's help."""

    rehearses = frozenset({"decide"})
    tag = "messages"
    noun = ("an uncertain message", "uncertain messages")
    queryset = Message.objects.uncertain().select_related("recipient", "step").defer("merge_values")
    serializer_class = UncertainSerializer
    filterset_class = UncertainFilters
    roles = {"decide": Role.MANAGER}

    @extend_schema(
        summary="Decide about uncertain messages",
        description="`treat_as_sent`: they count as sent and their recipients go on. `send_again`: they go out once "
        "more under the same Message-ID, and the person may get it twice. Messages that are not uncertain (any more) "
        "are left alone and not counted.",
        request=DecideSerializer,
        responses=DecidedSerializer,
    )
    @action(detail=False, methods=["post"])
    def decide(self, request: Request, **_address: str) -> Response:
        asked = DecideSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        messages = self.get_queryset()
        if "messages" in given:
            messages = messages.filter(pk__in=given["messages"])
        elif "campaign" in given:
            messages = messages.filter(recipient__campaign=given["campaign"])
        if self.is_rehearsal:  # to decide takes many transactions, and one would hold all their rows
            return Response({"decided": messages.count()})
        decided = decide_uncertain(
            messages=messages,
            decision=Decision(given["decision"]),
            actor=self.actor,
            now=timezone.now(),
            reason=given["reason"],
        )
        return Response({"decided": decided})
