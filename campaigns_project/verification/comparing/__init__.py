"""Hold the schema that is against the schema that should be: every difference is a finding with what mends it."""

from collections.abc import Iterator
from dataclasses import replace

from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing import columns, constraints, functions, indexes, tables, triggers, views
from campaigns_project.verification.finding import Finding

BY_STATEMENT = "Run the statement that manage.py verify_schema --fix-sql prints."

# In the order in which the statements that mend them can be run.
PARTS = (
    tables.compare,
    columns.compare,
    columns.compare_sequences,
    constraints.compare,
    indexes.compare,
    functions.compare,
    triggers.compare,
    triggers.compare_rules,
    views.compare,
)


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """All differences; nothing of a table that is not there at all, or that is nobody's, is told one by one."""
    for part in PARTS:
        for finding in part(expected, live):
            yield finding if finding.fix else replace(finding, fix=BY_STATEMENT)
