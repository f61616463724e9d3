from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "campaigns_project.runtime"
    label = "runtime"
    verbose_name = "Running"
