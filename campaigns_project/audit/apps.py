from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "campaigns_project.audit"
    label = "audit"
    verbose_name = "Audit"
