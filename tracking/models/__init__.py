from tracking.models.event import EmailEvent as EmailEvent
from tracking.models.event import EventType as EventType
from tracking.models.inbound_webhook import InboundWebhook as InboundWebhook
from tracking.models.inbound_webhook import QuarantineCode as QuarantineCode
from tracking.models.inbound_webhook import WebhookStatus as WebhookStatus
from tracking.models.raw_event import RawEvent as RawEvent
