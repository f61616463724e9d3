"""Why rules, or an act on a segment, are refused."""

from django.db import models

from campaigns_project.errors import Refused, StateRefused


class RuleCode(models.TextChoices):
    """What is wrong with a rule. The refusal names its place in `path`, as a JSON pointer (RFC 6901)."""

    RULES_MALFORMED = "rules_malformed", "the rules are not in the form that docs/segments.md describes"
    RULES_EMPTY = "rules_empty", "there is no rule at all"
    RULES_TOO_MANY = "rules_too_many", "there are more groups or rules than one question may have"
    UNKNOWN_FIELD = "unknown_field", "nothing of this name is known of a lead"
    UNKNOWN_OPERATOR = "unknown_operator", "the field cannot be asked this way"
    BAD_VALUE = "bad_value", "the value does not fit the question"
    NO_SUCH_ROW = "no_such_row", "the tag, segment, import or campaign that is named does not exist"
    SEGMENT_CYCLE = "segment_cycle", "the segment would ask for itself, by way of another one"


class RuleRefused(Refused):
    """The rule at `path` cannot be asked; where that is no single rule's, the rules as a whole."""

    def __init__(self, code: RuleCode, path: str, message: str, hint: str = ""):
        place = f"Rule at {path}: " if path else ""
        super().__init__(code.value, f"{place}{message}", hint, {"path": path, "field": "rules"})
        self.path, self.said = path, message


class InUse(StateRefused):
    """Something else rests on it."""
