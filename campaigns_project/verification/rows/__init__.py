"""Checks of rows that every app asks of its own tables: is what they point at there, whose is it, can secrets be read?

`scan` is how the checks of one app alone are put together.
"""

from campaigns_project.verification.rows.related import related
from campaigns_project.verification.rows.scan import BY_HAND, FIX_SQL, Fault, scan
from campaigns_project.verification.rows.unreadable import unreadable

__all__ = ["BY_HAND", "FIX_SQL", "Fault", "related", "scan", "unreadable"]
