from campaigns_project.audit.models.log import AuditLog as AuditLog
