from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted

LONGEST_ITEM = 366  # days; a blackout of a year is a decision to be taken again

# By whatever way an item comes, changes or goes. The organization's row is locked first and read anew after that: of
# two at once the second must see what the first one wrote.
TELL_BLACKOUT_DAYS = pgtrigger.Trigger(
    name="tell_blackout_days",
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    when=pgtrigger.After,
    declare=[("whose", "bigint")],
    func="""
        IF NOT coalesce('blackout' IN (NEW.kind, OLD.kind), false) THEN
            RETURN NULL;
        END IF;
        FOR whose IN SELECT DISTINCT id FROM unnest(ARRAY[OLD.organization_id, NEW.organization_id]) id ORDER BY id LOOP
            PERFORM 1 FROM organizations WHERE id = whose FOR NO KEY UPDATE;
            UPDATE organizations SET blackout_days = ARRAY(
                SELECT DISTINCT day::date FROM calendar_items item,
                    generate_series(item.starts_on::timestamp, item.ends_on::timestamp, interval '1 day') day
                WHERE item.organization_id = whose AND item.kind = 'blackout' ORDER BY 1
            ) WHERE id = whose;
        END LOOP;
        RETURN NULL;
    """,
)


class ItemKind(models.TextChoices):
    """What stands in the calendar by itself."""

    NOTE = "note", "Note"
    DEADLINE = "deadline", "Deadline"
    BLACKOUT = "blackout", "Blackout: no mail leaves"


class CalendarItem(Tenanted, models.Model):
    """A day, or several in a row, that an organization has to know of. On a blackout day none of its mail leaves."""

    is_personal = True

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="calendar_items"
    )
    kind = models.CharField(max_length=10, choices=ItemKind, default=ItemKind.NOTE)
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    broken: ClassVar = {
        "calendar_item_ends_after_it_starts": ("ends_on", "The last day is before the first."),
        "calendar_item_of_a_year": ("ends_on", f"{LONGEST_ITEM} days in a row are the most."),
    }

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "calendar_items"
        ordering = ["-starts_on", "-id"]
        triggers = [TELL_BLACKOUT_DAYS]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ItemKind.values), name="calendar_item_kind_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="calendar_item_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(ends_on__lt=F("starts_on") + timedelta(days=LONGEST_ITEM)), name="calendar_item_of_a_year"
            ),
        ]
        indexes = [models.Index(fields=["organization", "starts_on"], name="calendar_item_in_order")]

    def __str__(self) -> str:
        return self.title


class CalendarFeed(Tenanted, models.Model):
    """One person's address of the calendar, for programs that read calendars; renewed, the old one is closed."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="calendar_feeds"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.DB_CASCADE, related_name="calendar_feeds")
    turn = models.PositiveIntegerField(
        default=0, help_text="How often its address was renewed; earlier ones are closed."
    )
    read_at = models.DateTimeField(null=True, help_text="When it was last read.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "calendar_feeds"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="calendar_feed_once")]

    def __str__(self) -> str:
        return f"Calendar of {self.organization} for {self.user}"
