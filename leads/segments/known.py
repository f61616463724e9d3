"""What leads themselves can be asked."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from leads.models import LeadImport, LeadStatus, LeadTag, Segment, Suppression, Tag, Verification
from leads.segments.asking import Asking
from leads.segments.fields import CUSTOM, Field
from leads.segments.kinds import (
    NO_VALUE,
    AddressKind,
    ChoiceKind,
    MarkKind,
    NumberKind,
    RowKind,
    TextKind,
    TimeKind,
    keys,
    no_value,
    text,
)

PERSON, COMPANY, ADDRESS, ORIGIN = "Person", "Company", "Address", "Tags and origin"


class TagKind(RowKind):
    """The tags of a lead."""

    operators = {"any_of": "is", "all_of": "are all of", "none_of": "is not"}

    def read(self, operator: str, value: Any, path: str) -> Any:
        return keys(value, path)

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        if operator == "all_of":
            return Q.create([Q(_tagged([tag])) for tag in value])
        return Q(_tagged(value)) if operator == "any_of" else ~Q(_tagged(value))

    def input(self, operator: str) -> str:
        return "rows"


class SegmentKind(RowKind):
    """Another segment. One that is frozen is asked for its members, any other for its rules."""

    operators = {"in": "is", "not_in": "is not"}

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        inside = self._inside(value, asking)
        return inside if operator == "in" else ~inside

    def _inside(self, number: int, asking: Asking) -> Q:
        nobody = Q(pk__in=[])
        segment = Segment.objects.filter(organization_id=asking.organization_id, pk=number).first()
        if segment is None or asking.is_too_deep or number in asking.within:
            return nobody
        # At run time: asking a segment is what this kind is one part of.
        from leads.segments.members import condition_of  # noqa: PLC0415

        return condition_of(segment, asking)


class ImportKind(RowKind):
    """The import that made the lead."""

    operators = {"is": "is", "is_not": "is not"}

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        made_by = Q(lead_import_id=value)
        return made_by if operator == "is" else ~made_by


class SuppressedKind(MarkKind):
    """Never to be written to, by address or domain, for the whole organization."""

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        in_force = Suppression.objects.filter(organization_id=asking.organization_id, campaign_id=None).exclude(
            Q(address="") | Q(expires_at__lte=asking.now)
        )
        # Not by IN, which is read anew for each lead once the list is too long to be kept in memory; nor by one EXISTS
        # with OR inside, which no list in memory answers. These two are asked of either, as the list is short or long.
        by_address, by_domain = (in_force.filter(address=OuterRef(target)) for target in ("email_normalized", "domain"))
        forbidden = Q(Exists(by_address)) | Q(Exists(by_domain))
        return forbidden if operator == "is" else ~forbidden


class CustomKind(Field):
    """A further field; its text is compared as it stands, so that the index over all of them serves."""

    operators = {"is": "is", "is_not": "is not", "is_empty": "is not there", "is_not_empty": "is there"}

    def __init__(self, name: str):
        super().__init__(f"{CUSTOM}{name}", f"{CUSTOM}{name}", "Further fields")
        self._key = name

    def read(self, operator: str, value: Any, path: str) -> Any:
        return no_value(value, path) if operator in NO_VALUE else text(value, path)

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        if operator in NO_VALUE:
            there = Q(custom__has_key=self._key)
            return there if operator == "is_not_empty" else ~there
        same = Q(custom__contains={self._key: value})
        return same if operator == "is" else ~same

    def input(self, operator: str) -> str:
        return "none" if operator in NO_VALUE else "text"


def _tagged(tags: list[int]) -> Exists:
    return Exists(LeadTag.objects.filter(lead=OuterRef("pk"), tag__in=tags))


FIELDS: tuple[Field, ...] = (
    TagKind("tag", "Tag", ORIGIN, of=Tag),
    SegmentKind("segment", "Segment", ORIGIN, of=Segment),
    ImportKind("import", "Import", ORIGIN, of=LeadImport),
    TimeKind("created_at", "Added", ORIGIN),
    TimeKind("updated_at", "Changed", ORIGIN),
    TextKind("title", "Title", PERSON),
    TextKind("seniority", "Seniority", PERSON),
    TextKind("first_name", "First name", PERSON),
    TextKind("last_name", "Last name", PERSON),
    TextKind("city", "City", PERSON),
    TextKind("country", "Country", PERSON),
    TextKind("timezone", "Time zone", PERSON),
    TextKind("company", "Company", COMPANY),
    AddressKind("company_domain", "Website domain", COMPANY),
    TextKind("industry", "Industry", COMPANY),
    NumberKind("company_size", "Company size", COMPANY),
    AddressKind("email", "E-mail address", ADDRESS, column="email_normalized", folded=True),
    AddressKind("domain", "Address domain", ADDRESS, folded=True),
    ChoiceKind("status", "Status", ADDRESS, of=LeadStatus),
    ChoiceKind("verification", "Verification", ADDRESS, of=Verification),
    MarkKind("is_role", "A role address", ADDRESS),
    MarkKind("is_disposable", "A disposable address", ADDRESS),
    MarkKind("is_catch_all", "At a catch-all domain", ADDRESS),
    SuppressedKind("suppressed", "Suppressed", ADDRESS),
)
