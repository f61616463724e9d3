from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads.wiring import wire  # noqa: PLC0415 - models exist only from here on

        wire()
