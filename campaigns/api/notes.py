"""/notes: what somebody wrote down about a lead."""

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import serializers

from campaigns.api.own import OwnRows
from campaigns.models import Campaign, LeadNote
from campaigns.working_with_leads import add_note, change_note, remove_note
from campaigns.working_with_leads.notes import LONGEST_NOTE
from campaigns_project.rest.filtering import CreatedFilters, IdFilter
from campaigns_project.rest.serializers import ScopedRelatedField, StrictModelSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.models import Lead


class NoteSerializer(StrictModelSerializer):
    """A note on a lead. `campaign` is that of the lead's latest enrollment unless given."""

    lead: Any = ScopedRelatedField(queryset=Lead.objects.all())
    campaign: Any = ScopedRelatedField(queryset=Campaign.objects.all(), required=False, allow_null=True)
    text = serializers.CharField(max_length=LONGEST_NOTE)
    author = serializers.SerializerMethodField(help_text="Who wrote it; empty where that person is gone.")

    class Meta:
        model = LeadNote
        fields = ["id", "lead", "campaign", "text", "author", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def get_author(self, note: LeadNote) -> str:
        return str(note.created_by) if note.created_by else ""


class NoteChangeSerializer(NoteSerializer):
    """Other words for a note; it stays where it was made."""

    lead: Any = serializers.PrimaryKeyRelatedField(read_only=True)
    campaign: Any = serializers.PrimaryKeyRelatedField(read_only=True)


class NoteFilters(CreatedFilters):
    lead = IdFilter("lead", label="The number of a lead.")
    campaign = IdFilter("campaign", label="The number of a campaign.")
    author = IdFilter("created_by", label="The number of a person.")
    q = filters.CharFilter("text", "icontains", label="A part of the text; give a lead or a campaign with it.")

    class Meta:
        model = LeadNote
        fields: list[str] = []


class NoteViewSet(OwnRows, Reads, Creates, Changes, Deletes, ApiViewSet):
    """Kept with the lead: they go with it, and with their campaign."""

    tag = "leads"
    noun = ("a note", "notes")
    queryset = LeadNote.objects.select_related("lead__organization", "campaign", "created_by")
    serializer_class = NoteSerializer
    filterset_class = NoteFilters
    owner = "created_by_id"

    def get_serializer_class(self) -> Any:
        return NoteChangeSerializer if self.action == "partial_update" else NoteSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        author: Any = self.request.user
        serializer.instance = add_note(**serializer.validated_data, author=author, actor=self.actor)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        note: Any = serializer.instance
        if "text" in serializer.validated_data:
            change_note(note=note, text=serializer.validated_data["text"], actor=self.actor)

    def perform_destroy(self, instance: Any) -> None:
        remove_note(note=instance, actor=self.actor)
