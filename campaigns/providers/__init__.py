"""Services outside that deliver whole campaigns for us."""
