"""Counts of a campaign that pages and the API show, large campaigns included.

`kinds` says what can be counted (as `ledgers`, `wordings`), `read` answers a page, `renew` counts anew what has become
old.
"""

from campaigns.tallies.kinds import counts as counts
from campaigns.tallies.read import Tally as Tally
from campaigns.tallies.read import tally as tally
from campaigns.tallies.renew import ask_for_counts as ask_for_counts
from campaigns.tallies.renew import count_again as count_again
