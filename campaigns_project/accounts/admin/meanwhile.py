"""Forms that stand open while others edit the same row: saving one takes nothing back that happened meanwhile.

The page carries what its fields showed, signed. What was not touched on it stays as the row has it now, however old the
page is; what was touched on it and changed by somebody else as well is refused, once, with what it is now, by whom, and
where it differs from what was typed. Only fields of the form are looked at: counters that move by themselves are none.
The admin holds the row before it is read, so that of two who save at once the second sees what the first has saved.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django import forms
from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.boundfield import BoundField
from django.forms.utils import pretty_name
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst

from campaigns_project.audit.models import AuditLog
from campaigns_project.comparing import Line, compare
from campaigns_project.encryption import is_secret

AS_SHOWN = "_as_shown"
LONGEST_TOLD = 160  # characters of a value in a sentence; a body has thousands
WORDS_BEFORE = 20  # characters told before what is new in a long text, to find the place by


class AsItIsNow(BoundField):
    """A field that was not touched on its page: it keeps, and shows, what the row has now."""

    @property
    def data(self) -> Any:
        return self.field.prepare_value(self.initial)

    def _has_changed(self) -> bool:
        return False


@dataclass(frozen=True)
class Overtaken:
    """A field that a page and somebody else changed: the act by which they did, if it is known, and both values."""

    name: str
    label: str
    act: AuditLog | None
    sentence: str
    theirs: str = ""
    mine: str = ""

    @property
    def lines(self) -> list[Line]:
        """Where they differ; nothing of a secret."""
        return compare(self.theirs, self.mine)


class MeanwhileForm(forms.ModelForm):
    """Saves what was touched on its page and nothing else. A form that no page was read for is held against the row."""

    overtaken: Sequence[Overtaken] = ()
    left_to_others: Sequence[str] = ()  # labels of what others changed and this page did not touch

    def full_clean(self) -> None:
        # Before anything typed gets into the instance.
        if self.is_bound and self.instance.pk:
            self.overtaken = list(self._overtaken())
        super().full_clean()
        for each in self.overtaken:
            self.add_error(each.name, each.sentence)

    @property
    def as_shown(self) -> SafeString | str:
        """The hidden input by which the page knows, when it is sent, what it showed."""
        if not (self.instance.pk and self._now):
            return ""
        shown = {"at": timezone.now().isoformat(), "fields": self._now}
        signed = signing.dumps(shown, salt=self._salt, compress=True)
        return forms.HiddenInput().render(self.add_prefix(AS_SHOWN), signed)

    def now_in_words(self, name: str, shown: Any = "") -> str:
        """What the row has now in a field, as a sentence tells it; of a secret only that there is another.

        Of a long text the part is told that is not as the page has `shown` it.
        """
        value = self.get_initial_for_field(self.fields[name], name)
        if is_secret(self.instance, name):
            return "another one"
        if isinstance(value, bool) or value in (None, "", [], {}):
            return self.in_words(name, value)
        told = self.in_words(name, value)
        if len(told) > LONGEST_TOLD and isinstance(shown, str):
            told = _from_where_it_differs(told, shown)
        return f"“{Truncator(told).chars(LONGEST_TOLD)}”"

    def in_words(self, name: str, value: Any) -> str:
        """A value of a field, as the row has it or as it was typed, as people read it."""
        field = self.fields[name]
        if isinstance(value, bool):
            return "on" if value else "off"
        if value in (None, "", [], {}):
            return "empty"
        labels = {str(key): str(label) for key, label in getattr(field, "choices", [])}
        each = value if isinstance(value, list) else [field.prepare_value(value)]
        return ", ".join(labels.get(str(one), str(one)) for one in each)

    @cached_property
    def _now(self) -> dict[str, Any]:
        """What the fields show of the row as it was read; of a secret only what tells it from another."""
        return {name: self._plain(name, field) for name, field in self.fields.items() if self._is_followed(name, field)}

    def _is_followed(self, name: str, field: forms.Field) -> bool:
        is_typed_unseen = isinstance(field.widget, forms.PasswordInput) and not is_secret(self.instance, name)
        return not (field.disabled or is_typed_unseen or isinstance(field, forms.FileField))

    def _plain(self, name: str, field: forms.Field) -> Any:
        if is_secret(self.instance, name):
            return salted_hmac(f"{self._salt} {name}", getattr(self.instance, name), algorithm="sha256").hexdigest()
        value = field.prepare_value(self.get_initial_for_field(field, name))
        return json.loads(json.dumps(value, cls=DjangoJSONEncoder))

    @property
    def _salt(self) -> str:
        """Of this one row: what the page of another showed says nothing here."""
        return f"{AS_SHOWN} {self.instance._meta.label} {self.instance.pk}"

    def _overtaken(self) -> Iterator[Overtaken]:
        """The fields that this page and somebody else changed; untouched ones are left as they are now."""
        page = self._page()
        if page is None:
            return
        shown, at, left = page["fields"], datetime.fromisoformat(page["at"]), list[str]()
        for name in [name for name in self._now if name in shown]:
            field, given = self.fields[name], (self.data, self.files, self.add_prefix(name))
            typed = field.widget.value_from_datadict(*given)
            is_there = not field.widget.value_omitted_from_data(*given)
            is_another = shown[name] != self._now[name]
            if not (is_there and self._is_touched(name, field, shown[name], typed)):
                if not is_secret(self.instance, name):
                    field.bound_field_class = AsItIsNow
                left += [self._label(name)] if is_another else []
            elif is_another and self._differs(name, field, typed):
                yield self._told(name, at, shown[name], typed)
        self.left_to_others = sorted(left)

    def _page(self) -> Mapping[str, Any] | None:
        """What the page says that it showed; None where it says nothing, or nothing of this row."""
        sent = self.data.get(self.add_prefix(AS_SHOWN))
        try:
            return signing.loads(sent, salt=self._salt) if sent else None
        except signing.BadSignature:
            return None

    def _is_touched(self, name: str, field: forms.Field, shown: Any, typed: Any) -> bool:
        if is_secret(self.instance, name):
            return bool(typed)
        return field.has_changed(_read(field, _one_line_end(shown)), _one_line_end(typed))

    def _differs(self, name: str, field: forms.Field, typed: Any) -> bool:
        """Whether what was typed is another value than the row has; two may have typed the same."""
        if is_secret(self.instance, name):
            return typed != getattr(self.instance, name)
        return field.has_changed(_read(field, _one_line_end(self._now[name])), _one_line_end(typed))

    def _told(self, name: str, since: datetime, shown: Any, typed: Any) -> Overtaken:
        label, act = self._label(name), self._act(name, since)
        hint = "Nothing is saved yet, and what you typed is still here: save again to put it in place of that."
        if is_secret(self.instance, name):  # no page shows one, not even to who typed it
            hint = "Nothing is saved yet: type yours once more to put it in place of that."
        by = f" by {act.actor_name} ({_moment(act)})" if act else ""
        sentence = f"“{label}” was changed meanwhile{by} and is {self.now_in_words(name, shown)} now. {hint}"
        if is_secret(self.instance, name):
            return Overtaken(name, label, act, sentence)
        now = self.get_initial_for_field(self.fields[name], name)
        return Overtaken(name, label, act, sentence, theirs=self.in_words(name, now), mine=self.in_words(name, typed))

    def _label(self, name: str) -> str:
        return str(capfirst(self.fields[name].label or pretty_name(name)))

    def _act(self, name: str, since: datetime) -> AuditLog | None:
        """Who did it and when, if the audit log knows; an entry from before the page was read is about another act."""
        return AuditLog.objects.about(self.instance).filter(created_at__gte=since, after__has_key=name).first()


def _moment(act: AuditLog) -> str:
    return date_format(timezone.localtime(act.created_at), "DATETIME_FORMAT")


def _read(field: forms.Field, shown: Any) -> Any:
    """What a field showed as the value it was made from, which is what typed values are compared with."""
    try:
        return field.to_python(shown)
    except forms.ValidationError:
        return shown


def _from_where_it_differs(text: str, other: str) -> str:
    """`text` from some words before the first place where it is not as `other`."""
    text, other = _one_line_end(text), _one_line_end(other)
    pairs = enumerate(zip(text, other, strict=False))
    place = next((index for index, (now, then) in pairs if now != then), min(len(text), len(other)))
    start = text.rfind(" ", 0, max(0, place - WORDS_BEFORE)) + 1
    return f"…{text[start:]}" if start else text


def _one_line_end(value: Any) -> Any:
    """Browsers send every end of a line as two characters, whatever was in the text they got."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value
