from tracking.admin import events as events
from tracking.admin import leads as leads
from tracking.admin import mailboxes as mailboxes
from tracking.admin import replies as replies
