"""Leads imported by the million: the file, our way, and the way it is usually done."""
