"""What the catalogue of one database says about our schema, in plain values that two databases can be compared by.

Everything is asked of Postgres' own functions (`format_type`, `pg_get_expr`, `pg_get_constraintdef` and so on), so that
the same thing reads the same whoever made it. What belongs to an extension is left out.
"""

import hashlib
import json
import re
from typing import Any

from django.db.backends.utils import CursorWrapper

Entries = dict[str, dict[str, Any]]
Catalogue = dict[str, Entries]  # by kind (tables, columns ...), then by name ("campaigns.name")

# Relations of the schema we work in. The joins below speak of `relation`.
RELATION = """
    WITH relation AS (
        SELECT c.* FROM pg_class c
        WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
          AND NOT EXISTS (SELECT 1 FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
"""

TABLES = """
    SELECT relname, relpersistence = 'p' AS durable, relrowsecurity AS row_security
    FROM relation WHERE relkind IN ('r', 'p')
"""

COLUMNS = """
    SELECT relation.relname || '.' || a.attname, relation.relname AS "table", a.attname AS "column",
           format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
           NOT EXISTS (SELECT 1 FROM pg_constraint k
                       WHERE k.conrelid = relation.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
                         AND NOT k.convalidated) AS checked,
           coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default",
           a.attidentity::text AS identity, a.attgenerated::text AS generated,
           CASE WHEN a.attcollation <> t.typcollation THEN coalesce(l.collname, '') ELSE '' END AS collation
    FROM relation
    JOIN pg_attribute a ON a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = relation.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE relation.relkind IN ('r', 'p')
"""

# Whether a foreign key is heeded hangs on triggers of its own, which a superuser can switch off unseen.
CONSTRAINTS = """
    SELECT relation.relname || '.' || k.conname, relation.relname AS "table", k.conname AS name,
           k.contype::text AS kind, pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
           coalesce(r.relname, '') AS "references", trim(k.confdeltype::text) AS on_delete,
           NOT EXISTS (SELECT 1 FROM pg_trigger g
                       WHERE g.tgconstraint = k.oid AND g.tgenabled IN ('D', 'R')) AS heeded,
           NOT EXISTS (SELECT 1 FROM pg_index i
                       WHERE i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
                         AND NOT (i.indisvalid AND i.indisready AND i.indislive)) AS index_valid
    FROM relation
    JOIN pg_constraint k ON k.conrelid = relation.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
    LEFT JOIN pg_class r ON r.oid = k.confrelid
"""

# Foreign keys onto our tables from those of other schemas, of which no migration makes any.
OUTSIDERS = """
    SELECT s.nspname || '.' || c.relname || '.' || k.conname, s.nspname AS schema, c.relname AS "table",
           k.conname AS name, relation.relname AS "references", trim(k.confdeltype::text) AS on_delete,
           pg_get_constraintdef(k.oid) AS definition
    FROM relation
    JOIN pg_constraint k ON k.confrelid = relation.oid AND k.contype = 'f'
    JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace <> relation.relnamespace
    JOIN pg_namespace s ON s.oid = c.relnamespace
"""

# An index that a constraint stands on is compared with the constraint.
INDEXES = """
    SELECT relation.relname || '.' || n.relname, relation.relname AS "table", n.relname AS name,
           i.indisunique AS "unique", i.indisvalid AND i.indisready AND i.indislive AS valid,
           substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$') AS definition
    FROM relation
    JOIN pg_index i ON i.indrelid = relation.oid
    JOIN pg_class n ON n.oid = i.indexrelid
    WHERE relation.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
"""

TRIGGERS = """
    SELECT relation.relname || '.' || g.tgname, relation.relname AS "table", g.tgname AS name,
           g.tgenabled NOT IN ('D', 'R') AS enabled, pg_get_triggerdef(g.oid, true) AS definition,
           replace(pg_get_functiondef(g.tgfoid), quote_ident(current_schema()) || '.', '') AS function
    FROM relation
    JOIN pg_trigger g ON g.tgrelid = relation.oid AND NOT g.tgisinternal
"""

# Functions that triggers ask, such as pgtrigger's whether a trigger is to be passed over: no catalogue ties them to it.
FUNCTIONS = """
    SELECT DISTINCT f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')', f.proname AS name,
           replace(pg_get_functiondef(f.oid), quote_ident(s.nspname) || '.', '') AS function
    FROM relation
    JOIN pg_trigger g ON g.tgrelid = relation.oid AND NOT g.tgisinternal
    JOIN pg_proc t ON t.oid = g.tgfoid
    JOIN pg_proc f ON f.prokind = 'f' AND f.oid <> t.oid AND strpos(t.prosrc, f.proname || '(') > 0
    JOIN pg_namespace s ON s.oid = f.pronamespace AND s.nspname IN (current_schema(), 'public')
"""

SEQUENCES = """
    SELECT t.relname || '.' || a.attname, t.relname AS "table", a.attname AS "column", relation.relname AS name,
           format_type(q.seqtypid, NULL) AS type, q.seqincrement AS increment, q.seqmin AS minimum,
           q.seqmax AS maximum, q.seqcycle AS cycles
    FROM relation
    JOIN pg_sequence q ON q.seqrelid = relation.oid
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = relation.oid AND d.deptype IN ('a', 'i')
                    AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
"""

VIEWS = """
    SELECT relname, relkind = 'm' AS materialized, pg_get_viewdef(relation.oid) AS definition
    FROM relation WHERE relkind IN ('v', 'm')
"""

RULES = """
    SELECT relation.relname || '.' || r.rulename, relation.relname AS "table", r.rulename AS name,
           pg_get_ruledef(r.oid) AS definition
    FROM relation JOIN pg_rewrite r ON r.ev_class = relation.oid
    WHERE relation.relkind IN ('r', 'p')
"""

VALUE = r"(?:'[^'(),\[\]]*'|\d+)(?:::[a-z]+(?: [a-z]+)*)?"
CASTED = rf"(?:{VALUE}|\({VALUE}\)::(?P<each>[a-z]+))"
CAST_LIST = re.compile(
    rf"(?P<how>(?:= ANY|<> ALL)) \((?:\(ARRAY\[{VALUE}(?:, {VALUE})*\]\)::(?P<all>[a-z]+)\[\]"
    rf"|ARRAY\[{CASTED}(?:, (?:{VALUE}|\({VALUE}\)::[a-z]+))*\])\)"
)

QUESTIONS = {
    "tables": TABLES,
    "columns": COLUMNS,
    "constraints": CONSTRAINTS,
    "outsiders": OUTSIDERS,
    "indexes": INDEXES,
    "triggers": TRIGGERS,
    "functions": FUNCTIONS,
    "sequences": SEQUENCES,
    "views": VIEWS,
    "rules": RULES,
}


def read_catalogue(cursor: CursorWrapper) -> Catalogue:
    """Everything in the current schema, as the transaction of the cursor sees it; changes nothing."""
    return {kind: _entries(cursor, question) for kind, question in QUESTIONS.items()}


def _entries(cursor: CursorWrapper, question: str) -> Entries:
    cursor.execute(f"{RELATION} {question} ORDER BY 1")
    names = [column.name for column in cursor.description][1:]
    return {key: _normal(dict(zip(names, values, strict=True))) for key, *values in cursor.fetchall()}


def _normal(entry: dict[str, Any]) -> dict[str, Any]:
    if "definition" in entry:
        entry["definition"] = _one_way(entry["definition"])
    if "validated" in entry:  # Postgres writes this into the definition; it is a question of its own
        entry["definition"] = entry["definition"].removesuffix(" NOT VALID")
    return entry


def _one_way(definition: str) -> str:
    """The same choice of values spelt the same.

    A set in a model is written down in another order by every process that migrates, and what was dumped and restored
    has the cast of a list at each of its values. The second spelling stays as it is however often it is restored.
    """
    return CAST_LIST.sub(_cast_values, definition) if "ARRAY[" in definition else definition


def _cast_values(found: re.Match[str]) -> str:
    values = sorted(re.findall(VALUE, found[0]))
    if found["all"]:
        values = [f"({value})::{found['all']}" for value in values]
    elif found["each"]:
        values = [f"({value})::{found['each']}" for value in values]
    return f"{found['how']} (ARRAY[{', '.join(values)}])"


def fingerprint(catalogue: Catalogue) -> str:
    """A short name for the whole schema: equal where nothing differs."""
    return hashlib.sha256(json.dumps(catalogue, sort_keys=True).encode()).hexdigest()[:12]
