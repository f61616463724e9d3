from tracking.admin import campaign_days as campaign_days
from tracking.admin import campaigns as campaigns
from tracking.admin import events as events
from tracking.admin import inbound_webhooks as inbound_webhooks
from tracking.admin import leads as leads
from tracking.admin import mailboxes as mailboxes
from tracking.admin import plans as plans
from tracking.admin import replies as replies
