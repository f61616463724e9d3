"""Checks of rows that every app asks of its own tables: is what they point at there, whose is it, can secrets be read?

`scan` is how the checks of one app alone are put together.
"""

from campaigns_project.verification.rows.encrypted import unreadable
from campaigns_project.verification.rows.one_pass import BY_HAND, FIX_SQL, Fault, scan
from campaigns_project.verification.rows.parents import related

__all__ = ["BY_HAND", "FIX_SQL", "Fault", "related", "scan", "unreadable"]
