from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self) -> None:
        from tracking.wiring import wire  # noqa: PLC0415 - models exist only from here on

        wire()
