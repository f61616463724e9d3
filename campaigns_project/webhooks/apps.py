from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "campaigns_project.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from campaigns_project.verification.registry import verifies  # noqa: PLC0415 - models exist from here on
        from campaigns_project.verification.rows import related, unreadable  # noqa: PLC0415

        verifies("references of webhooks", related("webhooks"))
        verifies("secrets of webhooks", unreadable("webhooks"))
