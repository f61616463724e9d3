"""Everything that happened with one lead, newest first, and the mail that comes next."""

from tracking.timeline.entries import Entry as Entry
from tracking.timeline.expected import Expected as Expected
from tracking.timeline.expected import expected_next as expected_next
from tracking.timeline.kinds import EntryKind as EntryKind
from tracking.timeline.kinds import Show as Show
from tracking.timeline.read import Page as Page
from tracking.timeline.read import timeline as timeline
