"""What Instantly tells of the mails it sends for us: by webhooks, and by looking, since webhooks get lost.

news   one piece of it, and what follows
sent   a mail that Instantly sent, in our ledger
poll   looking at one campaign
due    which campaigns are to be looked at
"""
