"""Serializers that take only what they name, relations that never cross an organization, constraints in plain words."""

import json
import unicodedata
from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models
from rest_framework import serializers
from rest_framework.relations import MANY_RELATION_KWARGS

from campaigns_project.accounts.tenancy import living
from campaigns_project.rest.kinds import misfit
from campaigns_project.rest.problems import UnknownParameter


class LineField(serializers.CharField):
    """A text of one line. A line break in a name or subject would end up in the header of a mail."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if any(unicodedata.category(character) == "Cc" for character in text):
            raise serializers.ValidationError(
                "Line breaks and control characters do not belong here.", "control_character"
            )
        return text


class KeptJSONField(serializers.JSONField):
    """JSON that can be kept: Postgres has no NUL, UTF-8 no half characters. DRF looks at plain texts alone."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            written = json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise serializers.ValidationError("Half of a character stands in it.", "half_character") from None
        if rb"\u0000" in written.replace(rb"\\", b""):
            raise serializers.ValidationError("Null characters are not allowed.", "null_characters_not_allowed")
        return value


class StrictSerializer(serializers.Serializer):
    """Refuses a field it does not know, may only read, gets twice or of another kind: silence looks like success."""

    def to_internal_value(self, data: Any) -> Any:
        if hasattr(data, "keys"):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            for name in data:
                if name in self.fields and name not in writable:
                    raise UnknownParameter.read_only(name)
                if name not in writable:
                    raise UnknownParameter(name, writable)
                self._refuse_a_second_one(name, data)
        wrong = self._of_another_kind(data)
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **wrong}) from None  # type: ignore[dict-item]
        if wrong:
            raise serializers.ValidationError(wrong)
        return value

    def _of_another_kind(self, data: Any) -> dict[str, Any]:
        """What is of another kind than its field, in a body of JSON; the values of a form are all texts."""
        if not isinstance(data, dict) or hasattr(data, "getlist"):
            return {}
        found = {name: misfit(self.fields[name], value) for name, value in data.items()}
        return {name: said for name, said in found.items() if said}

    def _refuse_a_second_one(self, name: str, data: Any) -> None:
        """In a form a field may stand twice, of which the last alone would count."""
        times = len(data.getlist(name)) if hasattr(data, "getlist") else 1
        if times > 1 and not isinstance(self.fields[name], serializers.ListField):
            raise serializers.ValidationError({name: [f"This is given {times} times. It takes one value."]}, "repeated")


def refuse_a_body(data: Any) -> None:
    """For an address that takes none: a field that is sent all the same means nothing here."""
    StrictSerializer(data=data).is_valid(raise_exception=True)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer):
    """A model's serializer with explicit fields, strict about the others.

    The model's constraints are checked before the database does, so that a refusal names the field: `broken` tells,
    by constraint, which one and what is wrong; what the model tells itself is said in the admin as well. Only fields
    that were sent are written: a save of the whole row would put back what a worker has changed since.
    """

    serializer_field_mapping = {**serializers.ModelSerializer.serializer_field_mapping, models.CharField: LineField}
    broken: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row = self._would_be(super().validate(attrs))
        for constraint in row._meta.constraints:
            try:
                constraint.validate(type(row), row)
            except ModelValidationError as error:
                raise self.refusal(constraint, row, " ".join(error.messages)) from None
        return attrs

    def refusal(self, constraint: models.BaseConstraint, row: Any, sentence: str) -> Exception:
        """What is raised where `row` would break `constraint`; `sentence` is for one that `broken` does not name."""
        of_model = getattr(self.Meta.model, "broken", {})
        field, said = {**of_model, **self.broken}.get(constraint.name, ("non_field_errors", sentence))
        code = "not_unique" if isinstance(constraint, models.UniqueConstraint) else "invalid"
        return serializers.ValidationError({field: [said]}, code=code)

    def update(self, instance: models.Model, validated_data: dict[str, Any]) -> models.Model:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        stamps = {"updated_at"} & {field.name for field in instance._meta.fields}
        instance.save(update_fields=[*validated_data, *stamps])
        return instance

    def _would_be(self, attrs: dict[str, Any]) -> models.Model:
        """The row as it would be saved, for checks alone."""
        row = copy(self.instance) if self.instance is not None else self.Meta.model()  # type: ignore[misc]
        names = {field.name for field in row._meta.fields}
        for name, value in {**self.context.get("parents", {}), **attrs}.items():
            if name in names:
                setattr(row, name, value)
        return row


class ScopedRelatedField(serializers.PrimaryKeyRelatedField):
    """A row of the caller's own organization by id; another organization's id reads like one that does not exist."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": "There is none with the number {pk_value} here, or it belongs to another organization."
    }

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        listed = {name: value for name, value in kwargs.items() if name in MANY_RELATION_KWARGS}
        return _ScopedRelatedFields(child_relation=cls(*args, **kwargs), **listed)

    def find(self, numbers: Collection[int]) -> None:
        """Read the rows of these ids at once, for who takes many."""
        self._found: dict[int, Any] = self.get_queryset().in_bulk(numbers)

    def to_internal_value(self, data: Any) -> Any:
        found = getattr(self, "_found", {}).get(data) if _is_number(data) else None
        return found or super().to_internal_value(data)

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        organization = self.context.get("organization")
        return queryset.none() if organization is None else living(queryset).for_organization(organization)


class _ScopedRelatedFields(serializers.ManyRelatedField):
    """Many of them: of a thousand each would be a query."""

    def to_internal_value(self, data: Any) -> Any:
        child: Any = self.child_relation
        if isinstance(data, list):
            child.find({each for each in data if _is_number(each)})
        return super().to_internal_value(data)


def _is_number(data: Any) -> bool:
    """Whether it may be the number of a row: more than a bigint the database would not even look for."""
    return type(data) is int and 0 < data < 2**63
