"""What e-mail services report of our mails: received, read, matched to a mail, judged, settled, kept or put aside."""
