"""Why a verification cannot be done; each says what to do instead."""

from campaigns_project.errors import Refused


class ExpectationUnknown(Refused):
    """Neither a manifest fits these migrations, nor may this role make a database to try them in."""

    def __init__(self, source: str):
        super().__init__(
            "expectation_unknown",
            f"What the schema should be cannot be told ({source}): no manifest fits the migrations of this code, and "
            "none may be made by trying them.",
            "Let the role create databases (ALTER ROLE ... CREATEDB), or install a release as it was shipped.",
        )


class UnknownCheck(Refused):
    """A check was named that does not exist."""

    def __init__(self, name: str, known: list[str]):
        super().__init__("unknown_check", f'There is no check "{name}".', f"There are: {', '.join(known)}.")
