"""/tasks: work for people, on a board of four columns."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.operations import MemberField, OperationsViewSet
from campaigns.models import Campaign, OperatorTask, TaskKind, TaskStatus
from campaigns.ops.checklists import LONGEST_PART, MOST_PARTS
from campaigns.ops.tasks import add_task, change_task, complete_task, move_task, remove_task, reopen_task
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, Moment, TrueOrFalse
from campaigns_project.rest.serializers import (
    KeptJSONField,
    ScopedRelatedField,
    StrictModelSerializer,
    StrictSerializer,
    refuse_a_body,
)
from campaigns_project.rest.viewsets import Changes, Creates, Deletes, Reads
from leads.models import Lead


class ChecklistPartSerializer(serializers.Serializer):
    """One part of a task."""

    text = serializers.CharField(max_length=LONGEST_PART)
    done = serializers.BooleanField(default=False)


@extend_schema_field(ChecklistPartSerializer(many=True))
class ChecklistField(KeptJSONField):
    """A list of parts."""


class TaskSerializer(StrictModelSerializer):
    """A task. It is moved by the actions alone; with a campaign or a lead it goes with either."""

    column = serializers.ChoiceField(TaskStatus.choices, source="status", read_only=True)
    assignee: Any = MemberField(help_text="The number of a member of the organization.")
    campaign: Any = ScopedRelatedField(queryset=Campaign.objects.all(), required=False, allow_null=True)
    lead: Any = ScopedRelatedField(queryset=Lead.objects.all(), required=False, allow_null=True)
    checklist = ChecklistField(required=False, help_text=f"Up to {MOST_PARTS} parts.")

    class Meta:
        model = OperatorTask
        fields = [
            "id", "title", "kind", "note", "due_at", "assignee", "campaign", "lead", "checklist", "column", "version",
            "changed_by", "completed_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["version", "changed_by", "completed_at", "created_at", "updated_at"]


class TaskChangeSerializer(TaskSerializer):
    """What is to be otherwise. `seen_version`, where it is given, has to be the present one."""

    seen_version = serializers.IntegerField(min_value=1, required=False, write_only=True)

    class Meta(TaskSerializer.Meta):
        fields = [*TaskSerializer.Meta.fields, "seen_version"]


class MoveSerializer(StrictSerializer):
    """Where to, and which version of the task was seen."""

    column = serializers.ChoiceField(TaskStatus.choices)
    position = serializers.IntegerField(
        min_value=0, max_value=100_000, required=False, help_text="0, the top, unless given."
    )
    version = serializers.IntegerField(min_value=1)


class TaskFilters(CreatedFilters):
    column = AnyOf(field_name="status", choices=TaskStatus.choices)
    kind = AnyOf(choices=TaskKind.choices)
    assignee = IdFilter("assignee", label="The number of a person.")
    campaign = IdFilter("campaign", label="The number of a campaign.")
    lead = IdFilter("lead", label="The number of a lead.")
    plan = IdFilter("campaign__plan", label="The number of a plan: tasks of its campaigns.")
    due_at__gte = Moment("due_at", "gte", label="Due at this time or later (RFC 3339).")
    due_at__lt = Moment("due_at", "lt", label="Due before this time (RFC 3339).")
    overdue = TrueOrFalse(method="is_overdue", label="true: not done, and its hour has passed; false: all others.")

    class Meta:
        model = OperatorTask
        fields: list[str] = []

    def is_overdue(self, rows: Any, _name: str, wanted: bool) -> Any:
        late = OperatorTask.objects.overdue(timezone.now()).values("pk")
        return rows.filter(pk__in=late) if wanted else rows.exclude(pk__in=late)


class TaskViewSet(Reads, Creates, Changes, Deletes, OperationsViewSet):
    """Newest first; `column` and the order of the board are for boards."""

    noun = ("a task", "tasks")
    rehearses = OperationsViewSet.rehearses | {"move", "complete", "reopen"}
    queryset = OperatorTask.objects.select_related("organization")
    serializer_class = TaskSerializer
    filterset_class = TaskFilters
    roles = {"destroy": Role.OPERATOR}

    def get_serializer_class(self) -> Any:
        return TaskChangeSerializer if self.action == "partial_update" else TaskSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        author: Any = self.request.user
        serializer.instance = add_task(
            organization=self.organization, author=author, actor=self.actor, **serializer.validated_data
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        task: Any = serializer.instance
        asked = dict(serializer.validated_data)
        version = asked.pop("seen_version", None)
        serializer.instance = change_task(task=task, version=version, actor=self.actor, **asked)

    def perform_destroy(self, instance: Any) -> None:
        remove_task(task=instance, actor=self.actor)

    @extend_schema(
        summary="Move a task",
        description="Refused (409, `task_changed`) where somebody changed it since the version you saw.",
        request=MoveSerializer,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def move(self, request: Request, **_address: str) -> Response:
        task, asked = self.get_object(), MoveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = {**asked.validated_data}
        status = wanted.pop("column")
        moved = move_task(task=task, status=status, actor=self.actor, now=timezone.now(), **wanted)
        return Response(self.get_serializer(moved).data)

    @extend_schema(
        summary="Complete a task", description="Refused (409) where it is done.", request=None, responses=TaskSerializer
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        done = complete_task(task=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(done).data)

    @extend_schema(
        summary="Reopen a task",
        description="Refused (409) where it is not done.",
        request=None,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        reopened = reopen_task(task=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(reopened).data)
