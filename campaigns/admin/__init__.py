from campaigns.admin import campaigns as campaigns
from campaigns.admin import content as content
from campaigns.admin import jobs as jobs
from campaigns.admin import limits as limits
from campaigns.admin import messages as messages
from campaigns.admin import recipients as recipients
from campaigns.admin import senders as senders
from campaigns.admin import templates as templates
