"""Numbers of an import as its pages say them."""

from leads.models import LeadImport

STAY_OUT = "Whom it suppressed, because the file marks them, stays suppressed: out means out."


def counted(number: int, noun: str) -> str:
    """So many of them: `1 row`, `1,186 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rows_known(lead_import: LeadImport) -> int:
    """How many rows there are; while a provider may still send some, how many have come."""
    return lead_import.rows_received if lead_import.total_rows is None else lead_import.total_rows
