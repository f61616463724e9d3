from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "campaigns_project.idempotency"
    label = "idempotency"
    verbose_name = "Idempotency"

    def ready(self) -> None:
        from campaigns_project.verification.registry import verifies  # noqa: PLC0415 - models exist from here on
        from campaigns_project.verification.rows import related, unreadable  # noqa: PLC0415

        verifies("references of idempotency", related("idempotency"))
        verifies("secrets of idempotency", unreadable("idempotency"))
