"""What came in about a person: rows of imports, answers of providers. The rows stay, empty, so that counts add up.

Looked for import by import, each in a transaction of its own: whoever imports beside it waits for no longer.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.persons.traces import ERASED, Traces
from leads.models import ImportStatus, Lead, LeadAlias, LeadImport, LeadImportPart
from leads.suppression import ErasedCode

SENTENCE = "The person of this row was erased."


@dataclass(frozen=True)
class Incoming:
    """Keys of what came in about a person, and what providers call them."""

    raw: list[int]
    staged: list[int]
    numbers: list[str]


def find_incoming(lead: Lead, traces: Traces) -> Incoming:
    """Every row about the person in the imports of the organization.

    A row is about the person when it became this lead, has one of the addresses, or carries the provider's number of
    one that does. Every row of the organization is read for it.
    """
    wanted = _wanted(lead, traces)
    found = [row for number in _imports(lead) for row in _rows(_OWN, {**wanted, "import": number})]
    return Incoming([raw for raw, _ in found], [staged for _, staged in found if staged], wanted["numbers"])


def erase_incoming(lead: Lead, traces: Traces) -> dict[str, int]:
    """Empty what `find_incoming` finds, and take the addresses out of all other rows; answers how many were emptied.

    Of what was bought from a provider the number alone stays, so that nobody buys it again.
    """
    wanted = _wanted(lead, traces)
    done: Counter[str] = Counter()
    for number in _imports(lead):
        done.update(_erase_rows({**wanted, "import": number}))
    with connection.cursor() as cursor:
        done["provider_purchases"] = _count(cursor, _PURCHASES, wanted)
        cursor.execute(_DRY_RUNS, wanted)
    ended = LeadImport.objects.filter(organization=lead.organization_id, status__in=ImportStatus.ended)
    LeadImportPart.objects.filter(lead_import__in=ended).delete()
    aliases = LeadAlias.objects.filter(organization=lead.organization_id, email_normalized__in=traces.normalized)
    aliases.exclude(lead=lead).delete()  # their own go with the lead: asked again, it is still known by them
    return dict(done)


def _imports(lead: Lead) -> list[int]:
    imports = LeadImport.objects.filter(organization=lead.organization_id)
    return list(imports.order_by("pk").values_list("pk", flat=True))


def _wanted(lead: Lead, traces: Traces) -> dict[str, Any]:
    """What the statements are given; `numbers` are found by whatever row or answer has an address of the person."""
    wanted: dict[str, Any] = {
        "organization": lead.organization_id,
        "lead": lead.pk,
        "addresses": list(traces.normalized),
        "likes": traces.likes,
        "pattern": traces.pattern,
        "pattern_in_json": traces.pattern_in_json,
        "erased": ERASED,
        "code": ErasedCode.ERASED_PERSON.value,
        "sentence": SENTENCE,
    }
    return {**wanted, "numbers": [number for (number,) in _rows(_NUMBERS, wanted)]}


def _rows(statement: str, wanted: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return cursor.fetchall()


@transaction.atomic
def _erase_rows(wanted: dict[str, Any]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_OWN, wanted)
        found = cursor.fetchall()
        own = {**wanted, "raw": [raw for raw, _ in found], "staged": [staged for _, staged in found if staged]}
        counts = {
            "lead_enrichments": _count(cursor, _ENRICHMENTS, own),
            "staged_leads": _count(cursor, _STAGED, own),
            "raw_leads": _count(cursor, _RAW, own),
        }
        for statement in _MENTIONS:
            cursor.execute(statement, own)
    return counts


def _count(cursor: CursorWrapper, statement: str, wanted: dict[str, Any]) -> int:
    cursor.execute(statement, wanted)
    return cursor.rowcount


def _mentioned(column: str, kind: str = "jsonb") -> str:
    """LIKE first: it is ten times as fast, and finds hardly anything."""
    return f"(lower({column}::text) LIKE ANY (%(likes)s) AND {column}::text ~* {_PATTERNS[kind]})"


def _taken_out(table: str, column: str, kind: str) -> str:
    """`kind` is the column's type; in JSON the address stands inside of a text, and so does what takes its place."""
    return f"""
    UPDATE {table} SET {column} = regexp_replace({table}.{column}::text, {_PATTERNS[kind]}, %(erased)s, 'gi')::{kind}
    """  # noqa: S608 - names of our own


_PATTERNS = {"text": "%(pattern)s", "jsonb": "%(pattern_in_json)s"}


_OF_THE_ORGANIZATION = """
FROM raw_leads raw
JOIN lead_imports lead_import ON lead_import.id = raw.lead_import_id AND lead_import.organization_id = %(organization)s
LEFT JOIN staged_leads staged ON staged.raw_lead_id = raw.id
"""
_NUMBERS = f"""
SELECT DISTINCT raw.external_id {_OF_THE_ORGANIZATION}
WHERE raw.external_id <> '' AND (
    staged.lead_id = %(lead)s OR staged.email_normalized = ANY(%(addresses)s) OR {_mentioned("raw.payload")})
UNION
SELECT external_id FROM provider_purchases purchase
WHERE organization_id = %(organization)s AND {_mentioned("purchase.payload")}
"""  # noqa: S608

# A row that only mentions the person, such as a colleague's, is that of the lead it became.
_OWN = f"""
SELECT raw.id, staged.raw_lead_id FROM raw_leads raw LEFT JOIN staged_leads staged ON staged.raw_lead_id = raw.id
WHERE raw.lead_import_id = %(import)s AND (
    staged.lead_id = %(lead)s OR staged.email_normalized = ANY(%(addresses)s)
    OR (raw.external_id <> '' AND raw.external_id = ANY(%(numbers)s))
    OR (coalesce(staged.email_normalized, '') = '' AND {_mentioned("raw.payload")}))
"""  # noqa: S608
_ENRICHMENTS = "DELETE FROM lead_enrichments WHERE staged_lead_id = ANY(%(staged)s)"
_STAGED = """
UPDATE staged_leads SET
    email_normalized = '', fields = '{}', lead_id = NULL, problem_column = '',
    status = CASE status WHEN 'staged' THEN 'problem' ELSE status END,
    problem_code = CASE status WHEN 'promoted' THEN '' ELSE %(code)s END,
    problem_message = CASE status WHEN 'promoted' THEN '' ELSE %(sentence)s END
WHERE raw_lead_id = ANY(%(staged)s)
"""
_RAW = "UPDATE raw_leads SET payload = '[]', external_id = '' WHERE id = ANY(%(raw)s)"
_MENTIONS = [
    _taken_out("raw_leads", "payload", "jsonb")
    + f"WHERE lead_import_id = %(import)s AND {_mentioned('raw_leads.payload')}",
    _taken_out("staged_leads", "fields", "jsonb")
    + f"WHERE lead_import_id = %(import)s AND {_mentioned('staged_leads.fields')}",
    _taken_out("staged_leads", "problem_message", "text")
    + f"WHERE lead_import_id = %(import)s AND {_mentioned('staged_leads.problem_message', 'text')}",
    _taken_out("lead_enrichments", "result", "jsonb")
    + f"""FROM staged_leads staged WHERE staged.raw_lead_id = staged_lead_id AND staged.lead_import_id = %(import)s
    AND {_mentioned("lead_enrichments.result")}""",
    _taken_out("lead_enrichments", "error_message", "text")
    + f"""FROM staged_leads staged WHERE staged.raw_lead_id = staged_lead_id AND staged.lead_import_id = %(import)s
    AND {_mentioned("lead_enrichments.error_message", "text")}""",
]
_PURCHASES = f"""
UPDATE provider_purchases purchase SET payload = NULL, status = 'erased'
WHERE organization_id = %(organization)s AND (external_id = ANY(%(numbers)s) OR {_mentioned("purchase.payload")})
"""  # noqa: S608
# Its samples are people by name; the counts are in the import itself.
_DRY_RUNS = f"""
UPDATE lead_imports SET dry_run = '{{}}' WHERE organization_id = %(organization)s AND {_mentioned("dry_run")}
"""  # noqa: S608
