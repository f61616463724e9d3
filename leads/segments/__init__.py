"""Segments: saved questions about leads. Rules are read, put into words, and asked of the database."""

from leads.segments.members import members as members
from leads.segments.members import members_among as members_among
from leads.segments.reading import Rules as Rules
from leads.segments.reading import read_rules as read_rules
