from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "campaigns_project.verification"
    label = "verification"
    verbose_name = "Verification"
