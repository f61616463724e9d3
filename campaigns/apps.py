from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns.enrollment.keeping import keep_enrolled  # noqa: PLC0415 - models exist only from here on
        from campaigns.enrollment.stop import stop_leads  # noqa: PLC0415
        from leads.removal import while_kept  # noqa: PLC0415
        from leads.suppression import when_suppressed  # noqa: PLC0415

        when_suppressed(stop_leads)
        while_kept(keep_enrolled)
