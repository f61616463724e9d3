"""Deleting a campaign, or a whole organization, so that no row of it is left: counted, confirmed, in small batches."""

from campaigns.deletion.errors import DeletionCode as DeletionCode
from campaigns.deletion.impact import Blocker as Blocker
from campaigns.deletion.impact import Impact as Impact
from campaigns.deletion.organization import erase_some as erase_some
from campaigns.deletion.organization import preview_organization as preview_organization
from campaigns.deletion.organization import request_erasure as request_erasure
from campaigns.deletion.preview import preview as preview
from campaigns.deletion.request import request_deletion as request_deletion
from campaigns.deletion.work import delete_some as delete_some
