"""Mailboxes read for replies and bounces: fetch, match, take; `reading` says what a raw mail is."""
