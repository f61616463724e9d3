from django.apps import AppConfig


class CleanupConfig(AppConfig):
    name = "campaigns_project.cleanup"
    label = "cleanup"
    verbose_name = "Cleanup"
