"""OAuth 2: connecting senders and mailboxes with a person's account at a provider, and the tokens they log in by."""
