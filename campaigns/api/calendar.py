"""/calendar and /calendar-items: what stands on which day, and what people enter there."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.operations import OperationsViewSet
from campaigns.api.own import WHO
from campaigns.models import CalendarFeed, CalendarItem, ItemKind
from campaigns.ops.calendar import LONGEST, Calendar, EntryKind, calendar, read_kinds
from campaigns.ops.feeds import address_of, close_feed, renew_feed
from campaigns.ops.items import check_item
from campaigns_project.accounts.api import role_of_request
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, Day, IdFilter, of_the_query
from campaigns_project.rest.serializers import StrictModelSerializer, refuse_a_body
from campaigns_project.rest.viewsets import Changes, Creates, Deletes, Reads

MONTH = timedelta(days=30)


class CalendarItemSerializer(StrictModelSerializer):
    """A note, a deadline or blackout days. On a blackout day no mail of the organization leaves."""

    class Meta:
        model = CalendarItem
        fields = ["id", "kind", "title", "note", "starts_on", "ends_on", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = {"ends_on": {"required": False, "help_text": "The first day unless given."}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            attrs.setdefault("ends_on", attrs["starts_on"])
        item: Any = self._would_be(attrs)
        check_item(item, today=timezone.now().date())  # before the constraints, of which it says more
        return super().validate(attrs)


class CalendarItemFilters(CreatedFilters):
    kind = AnyOf(choices=ItemKind.choices)
    starts_on__lte = Day("starts_on", "lte", label="Begins on this day or earlier.")
    ends_on__gte = Day("ends_on", "gte", label="Ends on this day or later.")

    class Meta:
        model = CalendarItem
        fields: list[str] = []


class CalendarItemViewSet(Reads, Creates, Changes, Deletes, OperationsViewSet):
    """Notes and deadlines by operators; blackout days, which stop all sending, by managers."""

    noun = ("a calendar item", "calendar items")
    queryset = CalendarItem.objects.all()
    serializer_class = CalendarItemSerializer
    filterset_class = CalendarItemFilters
    roles = {"destroy": Role.OPERATOR}

    def parents(self) -> dict[str, Any]:
        return {**super().parents(), "created_by": self.request.user}

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        self._require_manager(serializer.validated_data.get("kind"))
        super().perform_create(serializer)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        self._require_manager(serializer.validated_data.get("kind"), serializer.instance.kind)  # type: ignore[union-attr]
        super().perform_update(serializer)

    def perform_destroy(self, instance: Any) -> None:
        self._require_manager(instance.kind)
        super().perform_destroy(instance)

    def _require_manager(self, *kinds: str | None) -> None:
        if ItemKind.BLACKOUT in kinds and not role_of_request(self.request).covers(Role.MANAGER):
            raise exceptions.PermissionDenied("Blackout days stop all sending: a manager enters and lifts them.")


class CalendarEntrySerializer(serializers.Serializer):
    """Something that stands in the calendar. `id` is that of the campaign, task, plan or item; 0 for mails."""

    kind = serializers.ChoiceField(EntryKind.choices)
    date = serializers.DateField()
    ends_on = serializers.DateField(help_text="Its last day.")
    title = serializers.CharField()
    id = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True, help_text="The hour, where it has one.")
    number = serializers.IntegerField(allow_null=True, help_text="Mails expected; null for all else.")


class CalendarSerializer(serializers.Serializer):
    """The days that were asked for."""

    timezone = serializers.CharField(help_text="By whose clock the days begin: the organization's.")
    is_partial = serializers.BooleanField(help_text="true: there is more of a kind than is shown.")
    entries = CalendarEntrySerializer(many=True)


class AskedSerializer(serializers.Serializer):
    """From when to when, and what of it."""

    to = serializers.DateField(required=False)
    kinds = serializers.CharField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # “from” is a word of Python's.
        return {"from": serializers.DateField(required=False), **super().get_fields()}


@extend_schema_serializer(component_name="CalendarFeed")
class FeedSerializer(serializers.ModelSerializer):
    """Somebody's address of the calendar; `url` is shown when it is made, and never again."""

    url = serializers.SerializerMethodField(help_text="Empty but in the answer that makes it.")

    class Meta:
        model = CalendarFeed
        fields = ["id", "user", "url", "read_at", "created_at"]
        read_only_fields = fields

    def get_url(self, feed: CalendarFeed) -> str:
        return address_of(feed) if self.context.get("shows_address") else ""


class FeedFilters(filters.FilterSet):
    user = IdFilter("user", label="The number of a person.")

    class Meta:
        model = CalendarFeed
        fields: list[str] = []


class FeedViewSet(Reads, Deletes, OperationsViewSet):
    """An address (iCalendar) that needs no key: whoever has it can read the calendar. It ends by itself when its person
    leaves the organization."""

    rehearses = frozenset({"destroy"})  # POST shows an address that is a secret, and would be none
    noun = ("an address of the calendar", "addresses of the calendar")
    queryset = CalendarFeed.objects.all()
    serializer_class = FeedSerializer
    filterset_class = FeedFilters
    shows = frozenset({"retrieve"})  # the answer to POST has the address, which no other has
    live = frozenset({"read_at"})
    roles = {"destroy": Role.OPERATOR}

    @extend_schema(
        summary="Make or renew your address of the calendar",
        description="The one before is closed.",
        request=None,
        responses={201: FeedSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        user: Any = request.user
        feed = renew_feed(organization=self.organization, user=user, actor=self.actor)
        told = FeedSerializer(feed, context={"shows_address": True}).data
        return Response(told, status=status.HTTP_201_CREATED, headers={"Location": f"{request.path}/{feed.pk}"})

    @extend_schema(description=WHO)
    def destroy(self, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(*args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        is_own = instance.user_id == self.request.user.pk
        if not is_own and not role_of_request(self.request).covers(Role.MANAGER):
            raise exceptions.PermissionDenied("Somebody else made this; a manager may close it as well.")
        close_feed(feed=instance, actor=self.actor)


class CalendarViewSet(OperationsViewSet):
    """By day, in the organization's time zone."""

    queryset = CalendarItem.objects.all()
    serializer_class = CalendarSerializer
    pagination_class = None
    filter_backends: list[Any] = []
    query_parameters = {"read": frozenset({"from", "to", "kinds"})}
    list_parameters = frozenset({"kinds"})

    @extend_schema(
        summary="Read the calendar",
        description=f"Starts and ends of campaigns, mails expected, tasks due, plans, notes, deadlines and blackout "
        f"days. At most {LONGEST} days; without `from` from today on, without `to` for 30 days. Mails expected are an "
        "upper bound: nobody is thought to reply or leave, and limits are not asked.",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="The first day."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="The last day."),
            OpenApiParameter(
                "kinds",
                str,
                enum=EntryKind.values,
                many=True,
                explode=False,
                description="Only these, separated by commas.",
            ),
        ],
        responses=CalendarSerializer,
    )
    def read(self, request: Request) -> Response:
        asked = AskedSerializer(data=request.query_params)
        if not asked.is_valid():
            raise of_the_query(exceptions.ValidationError(asked.errors))
        now, wanted = timezone.now(), asked.validated_data
        first = wanted.get("from") or now.astimezone(zone_of(self.organization.timezone)).date()
        kinds = read_kinds([name for name in wanted.get("kinds", "").split(",") if name])
        last = wanted["to"] if "to" in wanted else first + MONTH
        found = calendar(self.organization, first=first, last=last, now=now, kinds=kinds)
        return Response(CalendarSerializer(self._told(found)).data)

    def _told(self, found: Calendar) -> dict[str, Any]:
        return {"timezone": self.organization.timezone, "is_partial": found.is_partial, "entries": found.entries}
