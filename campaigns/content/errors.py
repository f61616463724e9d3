"""How content is refused. Each names the place, so that an edge can show it beside the field it came from."""

from campaigns_project.errors import Refused


class TemplateInvalid(Refused):
    """A template that cannot be used: its syntax, a forbidden part, or more work than a mail may cost."""

    def __init__(self, reason: str, *, line: int, hint: str = ""):
        message = f"Line {line} of the template: {reason}."
        super().__init__("template_invalid", message, hint, details={"line": line, "reason": reason})
        self.reason = reason
        self.line = line


class MergeValueMissing(Refused):
    """A merge field is to be shown, this recipient has no value for it and the template names no fallback."""

    def __init__(self, field: str):
        super().__init__(
            "merge_value_missing",
            f"There is no value for {field}, and the template has no fallback for it.",
            f'Fill it in for this recipient, or write {{{{ {field} | default: "..." }}}}.',
            details={"field": field},
        )
        self.field = field


class SubjectEmpty(Refused):
    """A subject that comes out without a word for this recipient."""

    def __init__(self) -> None:
        hint = "Give the subject words that are always there, or an else."
        super().__init__("subject_empty", "The subject comes out empty for this recipient.", hint)


class HeaderRefused(Refused):
    """A value that must not stand in a mail header; `field` is the header's name."""

    def __init__(self, field: str, reason: str, hint: str = ""):
        super().__init__("header_refused", f"{field}: {reason}.", hint, details={"field": field, "reason": reason})
        self.field = field
        self.reason = reason


class AddressRefused(HeaderRefused):
    """An address that no mail can be written to or come from; `field` is the header's name."""

    def __init__(self, field: str, address: str):
        shown = ascii(address[:80])
        super().__init__(field, f"{shown} is not an address mail can be sent to", "Write it as name@example.com.")
        self.code = "invalid_address"


class BodyRefused(Refused):
    """A body that cannot be sent; `field` is html or text."""

    def __init__(self, field: str, reason: str, hint: str = ""):
        super().__init__("body_refused", f"The {field} body {reason}.", hint, details={"field": field})
        self.field = field


class HtmlInvalid(Refused):
    """HTML or CSS that the inliner cannot read."""

    def __init__(self, reason: str):
        hint = "Check its style sheets and style attributes."
        super().__init__("html_invalid", f"The styles of the HTML cannot be read: {reason}.", hint)


class ValueUntame(Exception):
    """A value that does not suit a text made for all mails. No refusal: by itself, the mail may well be possible."""
