"""What happened in each campaign on each day, kept in rows (`CampaignDay`) that are counted and never added to.

`count` counts one campaign, `renew` those in which something has happened since, `roll_up` what a person asks for.
"""

from tracking.days.count import count_days as count_days
from tracking.days.renew import ask_for_days as ask_for_days
from tracking.days.renew import renew_days as renew_days
from tracking.days.roll_up import RolledUp as RolledUp
from tracking.days.roll_up import roll_up as roll_up
