"""/mailboxes: where replies and bounces arrive. A password is taken and never shown."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.connecting import WHERE, connect_address
from campaigns.api.verbs import ReasonSerializer
from campaigns.mailboxes import check_folders, check_login_stays, pause_mailbox, remove_mailbox, resume_mailbox
from campaigns.models import Authentication, Mailbox, MailboxStatus
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters
from campaigns_project.rest.serializers import LineField, StrictModelSerializer, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from tracking.inbox.trying import check_mailbox

STATE = [
    "status", "status_reason", "last_read_at", "last_error", "next_look_at", "seen_count", "taken_count",
    "created_at", "updated_at",
]  # fmt: skip


class MailboxSerializer(StrictModelSerializer):
    """A mailbox that is read for replies and bounces. Its password is taken and never shown."""

    has_password = serializers.SerializerMethodField()
    authentication = serializers.ChoiceField(
        choices=Authentication.choices,
        read_only=True,
        help_text="How it logs in. A person connects it with an account on its page in the admin; no key can do that.",
    )
    connect_address = serializers.SerializerMethodField(help_text=WHERE)
    is_connected = serializers.BooleanField(
        read_only=True, help_text="Whether it is connected; false also where a person has to connect it again."
    )
    folders = serializers.ListField(
        child=LineField(), required=False, help_text="The folders that are read, as the server names them."
    )

    broken = {"mailbox_name_once_per_organization": ("name", "There is already a mailbox of this name.")}

    class Meta:
        model = Mailbox
        fields = [
            "id", "name", "host", "port", "security", "username", "password", "has_password", "authentication",
            "is_connected", "connect_address", "folders", *STATE,
        ]  # fmt: skip
        read_only_fields = STATE
        extra_kwargs = {
            "password": {
                "write_only": True,
                "trim_whitespace": False,
                "help_text": "Kept encrypted, never shown again.",
            },
            "port": {"min_value": 1, "max_value": 65535},
        }

    def get_has_password(self, mailbox: Mailbox) -> bool:
        return bool(mailbox.password)

    def get_connect_address(self, mailbox: Mailbox) -> str:
        return connect_address(mailbox)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if "folders" in attrs:
            attrs["folders"] = check_folders(attrs["folders"])
        if self.instance is not None:
            row = cast(Mailbox, self._would_be(attrs))
            check_login_stays(cast(Mailbox, self.instance), host=row.host, keeps_password="password" not in attrs)
        return attrs


class TestedMailboxSerializer(StrictSerializer):
    """What a test of the login found."""

    ok = serializers.BooleanField()
    code = serializers.CharField(help_text="Why not, as a code; empty where it works.")
    message = serializers.CharField()
    folders = serializers.ListField(child=serializers.CharField(), help_text="All folders, as the server names them.")
    mails = serializers.DictField(child=serializers.IntegerField(), help_text="Mails in each folder that is read.")


class MailboxFilters(CreatedFilters):
    status = AnyOf(choices=MailboxStatus.choices)

    class Meta:
        model = Mailbox
        fields: list[str] = []


class MailboxViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Each is read about once a minute; nothing in it is changed. A sender names the one its replies arrive in."""

    rehearses = ApiViewSet.rehearses | {"pause", "resume"}
    tag = "mailboxes"
    noun = ("a mailbox", "mailboxes")
    queryset = Mailbox.objects.defer(*Mailbox.TOKENS)
    serializer_class = MailboxSerializer
    filterset_class = MailboxFilters
    live = frozenset({"last_read_at", "last_error", "next_look_at", "seen_count", "taken_count"})
    roles = dict.fromkeys(("create", "partial_update", "destroy", "pause", "resume", "test"), Role.MANAGER)

    @extend_schema(description="Refused (409) while the replies of a sender arrive there.")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        remove_mailbox(mailbox=instance, actor=self.actor)

    @extend_schema(
        summary="Test a mailbox",
        description="Logs in, lists the folders and counts the mails in those that are read; takes none of them. The "
        "answer is 200 either way and takes up to a minute.",
        request=None,
        responses=TestedMailboxSerializer,
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        tried = check_mailbox(mailbox=self.get_object(), actor=self.actor)
        said = {
            "ok": tried.fault is None,
            "code": tried.fault.fault if tried.fault else "",
            "message": tried.sentence,
            "folders": tried.folders,
            "mails": tried.counts,
        }
        return Response(TestedMailboxSerializer(said).data)

    @extend_schema(summary="Pause a mailbox", request=ReasonSerializer, responses=MailboxSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **_address: str) -> Response:
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        mailbox = pause_mailbox(mailbox=self.get_object(), actor=self.actor, **asked.validated_data)
        return Response(self.get_serializer(mailbox).data)

    @extend_schema(summary="Resume a mailbox", request=None, responses=MailboxSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        mailbox = resume_mailbox(mailbox=self.get_object(), actor=self.actor)
        return Response(self.get_serializer(mailbox).data)
