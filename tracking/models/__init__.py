from tracking.models.event import EmailEvent as EmailEvent
from tracking.models.event import EventType as EventType
from tracking.models.inbound_mail import InboundKind as InboundKind
from tracking.models.inbound_mail import InboundMail as InboundMail
from tracking.models.inbound_mail import InboundStatus as InboundStatus
from tracking.models.inbound_mail import MatchedBy as MatchedBy
from tracking.models.raw_event import RawEvent as RawEvent
