from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "campaigns_project.runtime"
    label = "runtime"
    verbose_name = "Running"

    def ready(self) -> None:
        from campaigns.copies import when_erased  # noqa: PLC0415 - models exist only from here on
        from campaigns_project.database import lines  # noqa: PLC0415
        from campaigns_project.runtime.mailbox.forgetting import forget_mails  # noqa: PLC0415

        when_erased(forget_mails)
        lines.watch_both_ends()
