"""/inbound-mails: what came in about our mails, and the way to hand a mail in."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.problems import TooLarge
from campaigns_project.rest.serializers import StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from tracking.inbox.take import MOST_OF_A_MAIL, Fate, take
from tracking.models import InboundKind, InboundMail, InboundStatus


class InboundMailSerializer(serializers.ModelSerializer):
    """A mail that came in about one of ours. `event` is what followed; `text` has the new words of an answer.

    With `words_cleared_at` what it said, from whom and why it was read so are empty: they were cleared for their age.
    """

    campaign = serializers.IntegerField(source="recipient.campaign_id", read_only=True, allow_null=True, default=None)
    event = serializers.IntegerField(read_only=True, allow_null=True, default=None)
    lead = serializers.IntegerField(source="recipient.lead_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = InboundMail
        fields = [
            "id", "kind", "bounce_kind", "status", "campaign", "recipient", "lead", "message", "event", "mailbox",
            "from_address", "subject", "text", "own_message_id", "matched_by", "why", "words_cleared_at",
            "received_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class NobodySerializer(StrictSerializer):
    """The mail is about none of ours; nothing of it is kept."""

    concerns_nobody = serializers.BooleanField()


class InboundMailFilters(CreatedFilters):
    kind = AnyOf(choices=InboundKind.choices)
    status = AnyOf(choices=InboundStatus.choices)
    campaign = IdFilter("recipient__campaign", label="The number of a campaign.")
    recipient = IdFilter("recipient", label="The number of a recipient.")
    lead = IdFilter("recipient__lead", label="The number of a lead.")
    mailbox = IdFilter("mailbox", label="The number of a mailbox.")

    class Meta:
        model = InboundMail
        fields: list[str] = []


class RawMailParser(BaseParser):
    """The bytes of a mail, as a mail server hands them on."""

    media_type = "message/rfc822"

    def parse(  # type: ignore[override] # no fields, but the mail itself
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        raw = stream.read(MOST_OF_A_MAIL + 1)
        if len(raw) > MOST_OF_A_MAIL:
            raise TooLarge(f"The mail is longer than {MOST_OF_A_MAIL:,} bytes. Its first part is enough.")
        return bytes(raw)


class InboundMailViewSet(Reads, ApiViewSet):
    """Written once, never changed. What concerns nobody we wrote to is not among them."""

    tag = "inbound-mails"
    noun = ("an incoming mail", "incoming mails")
    queryset = InboundMail.objects.select_related("recipient").with_event()
    serializer_class = InboundMailSerializer
    filterset_class = InboundMailFilters
    parser_classes = [RawMailParser]
    roles = {"hand_in": Role.OPERATOR}

    @extend_schema(
        summary="Hand in a mail",
        description="For those who pipe mails in from their own mail server: the body is the mail as it came "
        "(`message/rfc822`, 1,000,000 bytes at most). What follows is the same as where a mailbox is read; the same "
        "mail a second time is answered with the row of the first (200). One that concerns nobody we wrote to leaves "
        "nothing (202).",
        request={"message/rfc822": OpenApiTypes.BINARY},
        responses={201: InboundMailSerializer, 200: InboundMailSerializer, 202: NobodySerializer},
    )
    def hand_in(self, request: Request) -> Response:
        raw = request.data
        if not isinstance(raw, bytes) or not raw.strip():
            raise ParseError("The body is empty. Send the mail as it came, with the type message/rfc822.")
        now = timezone.now()
        taken = take(raw, organization=self.organization, received_at=now, now=now, actor=self.actor)
        if taken.row is None:
            return Response({"concerns_nobody": True}, status=status.HTTP_202_ACCEPTED)
        code = status.HTTP_200_OK if taken.fate == Fate.KNOWN else status.HTTP_201_CREATED
        location = {"Location": f"{request.path}/{taken.row.pk}"}
        row = self.get_queryset().get(pk=taken.row.pk)
        return Response(self.get_serializer(row).data, status=code, headers=location)
