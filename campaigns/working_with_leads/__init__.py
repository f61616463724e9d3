"""What operators keep about leads beside the sending: notes, and where each of them stands with whom."""

from campaigns.working_with_leads.current import latest_campaign as latest_campaign
from campaigns.working_with_leads.notes import add_note as add_note
from campaigns.working_with_leads.notes import change_note as change_note
from campaigns.working_with_leads.notes import remove_note as remove_note
from campaigns.working_with_leads.statuses import change_status as change_status
from campaigns.working_with_leads.statuses import clear_status as clear_status
from campaigns.working_with_leads.statuses import set_status as set_status
