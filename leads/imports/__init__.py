"""Leads in: from a file of unknown origin to rows of the leads table, with every refused row accounted for."""
