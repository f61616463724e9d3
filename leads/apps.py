from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from campaigns_project.verification.registry import verifies  # noqa: PLC0415 - models exist only from here on
        from campaigns_project.verification.rows import related  # noqa: PLC0415

        verifies("references of leads", related("leads"))
