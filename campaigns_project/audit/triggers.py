"""Triggers of tables that are written once and read for ever."""

import pgtrigger


def append_only() -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE, whoever asks."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete), never_truncated()]


def only_grows() -> list[pgtrigger.Trigger]:
    """Let a row's `number` move on by one and nothing else happen to the row."""
    return [
        pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        pgtrigger.Trigger(
            name="one_at_a_time",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            func="""
                IF NEW.chain <> OLD.chain OR NEW.number <> OLD.number + 1 THEN
                    RAISE EXCEPTION 'A chain of the audit log ends at % and can only go on to the next', OLD.number;
                END IF;
                RETURN NEW;
            """,
        ),
        never_truncated(),
    ]


def never_truncated() -> pgtrigger.Trigger:
    """Refuse TRUNCATE, also by CASCADE from another table: it would pass row triggers by."""
    return pgtrigger.Trigger(
        name="never_truncated",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    )
