"""Making one lead of two: what that would do, and doing it."""

from tracking.merging.choosing import FIELDS as FIELDS
from tracking.merging.choosing import Choice as Choice
from tracking.merging.merge import merge_leads as merge_leads
from tracking.merging.merge import preview_merge as preview_merge
from tracking.merging.plan import Fate as Fate
from tracking.merging.plan import FateCode as FateCode
from tracking.merging.plan import MergePlan as MergePlan
