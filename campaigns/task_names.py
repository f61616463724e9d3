"""The tasks of `campaigns.tasks` by the names they are queued under: apart, so that to name one loads none of them."""

SEND = "campaigns.tasks.send_due"
COUNT = "campaigns.tasks.count_campaign"
CHECK = "campaigns.tasks.check_campaign"
DELETE = "campaigns.tasks.delete_rows"
ENROLL = "campaigns.tasks.enroll_imported"
FETCH = "campaigns.tasks.fetch_leads"
RANK = "campaigns.tasks.rank_leads"
