from tracking.models.event import EmailEvent as EmailEvent
from tracking.models.event import EventType as EventType
from tracking.models.raw_event import RawEvent as RawEvent
