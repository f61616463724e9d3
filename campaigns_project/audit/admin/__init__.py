"""The audit log in the admin: read, never written."""

from campaigns_project.audit.admin import entries as entries
from campaigns_project.audit.admin import seals as seals
