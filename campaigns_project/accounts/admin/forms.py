"""The form behind every admin page of ours."""

import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.http import HttpRequest

from campaigns_project.accounts.admin.secret_fields import KeepsSecrets
from campaigns_project.errors import Refused


class PlainDecimalField(forms.DecimalField):
    """Shows 4 for 4, however many places its column keeps."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class ScopedForm(KeepsSecrets):
    """Refuses to tie rows of two organizations together, and shows what a use case refused beside what was typed.

    `request` is set by the admin on the class it makes for each request.
    """

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._refuse_control_characters(cleaned)
        self._keep_to_one_organization(cleaned)
        refused: Refused | None = getattr(self.request, "refused", None)
        for part in refused.parts if refused is not None else ():
            field = part.details.get("field")
            self.add_error(field if field in self.fields else None, str(part))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        told = self.errors.get(NON_FIELD_ERRORS)
        if told is None:
            return
        for error in told.as_data():
            constraint = self._constraint_in(error)
            if constraint is not None:
                told.data.remove(error)
                self.add_error(*self._in_words(constraint))
        if not told.data:
            del self.errors[NON_FIELD_ERRORS]

    def _constraint_in(self, error: ValidationError) -> models.BaseConstraint | None:
        """The constraint of which Django knows to tell the name and nothing else."""
        message = str(error.message)
        unsaid = models.BaseConstraint.default_violation_error_message
        own = self.instance._meta.constraints
        return next((each for each in own if message == str(unsaid) % {"name": each.name}), None)

    def _in_words(self, constraint: models.BaseConstraint) -> tuple[str | None, str]:
        """The field it is about, and what is wrong: as the model says in `broken`, or by the name, a statement."""
        if said := getattr(self.instance, "broken", {}).get(constraint.name):
            return said
        if not isinstance(constraint, models.UniqueConstraint):
            return None, f"This must hold: {constraint.name.replace('_', ' ')}."
        parts = [*map(str, constraint.expressions), *(f"F({name})" for name in constraint.fields)]
        named = [each for part in parts for each in self.fields if f"F({each})" in part and each != "organization"]
        field = next(reversed(named), None)
        label = f"this {str(self.fields[field].label).lower()}" if field else "these values"
        return field, f"There is a {self.instance._meta.verbose_name} with {label} already."

    def _refuse_control_characters(self, cleaned: dict[str, Any]) -> None:
        """A line break in a name, address or subject would end up in the header of a mail."""
        for name, value in list(cleaned.items()):  # an error takes its field out of them
            is_line = isinstance(value, str) and not isinstance(self.fields[name].widget, forms.Textarea)
            if is_line and any(unicodedata.category(character) == "Cc" for character in value):
                self.add_error(name, "Line breaks and control characters do not belong here.")

    def _keep_to_one_organization(self, cleaned: dict[str, Any]) -> None:
        found = [(name, row.organization_of()) for name, row in _rows(cleaned)]
        home = self.instance.organization_of() if self.instance.pk else next((place for _, place in found), None)
        for name, organization in found:
            if organization != home and name not in self.errors:
                self.add_error(name, f"This belongs to {organization}, the rest of the form to {home}.")


def _rows(cleaned: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every row a form names, alone or among several, with the field that names it."""
    for name, value in cleaned.items():
        chosen = value if isinstance(value, models.QuerySet) else [value]
        yield from ((name, row) for row in chosen if hasattr(row, "organization_of"))
