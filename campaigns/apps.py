from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns.enrollment.stop import stop_leads  # noqa: PLC0415 - models exist only from here on
        from leads.suppression import when_suppressed  # noqa: PLC0415

        when_suppressed(stop_leads)
