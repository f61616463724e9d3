from campaigns_project.audit.models.log import AuditLog as AuditLog
from campaigns_project.audit.models.seal import AuditSeal as AuditSeal
from campaigns_project.audit.models.seal import ChainHead as ChainHead
from campaigns_project.audit.models.seal import SealedEntry as SealedEntry
from campaigns_project.audit.models.seal import UnsealedEntry as UnsealedEntry
