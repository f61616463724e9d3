"""Lists in forms: one item a line."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget


class LinesField(forms.CharField):
    """A list of texts, for a model's JSON field; blanks around them and empty lines are dropped."""

    def __init__(self, **kwargs: Any):
        kwargs["widget"] = UnfoldAdminTextareaWidget({"rows": 3, "spellcheck": "false"})
        for name in ("encoder", "decoder"):  # of the JSON field it stands for
            kwargs.pop(name, None)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]
