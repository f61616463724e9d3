from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "campaigns_project.workers"
    label = "workers"
    verbose_name = "Workers"

    def ready(self) -> None:
        from campaigns_project.workers import pulse  # noqa: PLC0415 - models must be loaded first

        pulse.connect()
