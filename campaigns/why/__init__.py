"""Why mail leaves or does not: for a campaign and for one recipient, gate by gate, with when the next one goes."""

from campaigns.why.campaign import why_campaign as why_campaign
from campaigns.why.gates import WHY_NOT_KEPT as WHY_NOT_KEPT
from campaigns.why.recipient import why_recipient as why_recipient
from campaigns.why.standing import Gate as Gate
from campaigns.why.standing import Standing as Standing
