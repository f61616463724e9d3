from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns.wiring import wire  # noqa: PLC0415 - models exist only from here on

        wire()
