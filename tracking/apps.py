from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self) -> None:
        from campaigns.exported import exports  # noqa: PLC0415 - models exist only from here on
        from campaigns.mentions import may_mention, may_mention_anybody  # noqa: PLC0415
        from campaigns.tallies import counts  # noqa: PLC0415
        from campaigns_project.verification.registry import verifies  # noqa: PLC0415
        from campaigns_project.verification.rows import related  # noqa: PLC0415
        from campaigns_project.workers.subjects import speaks_of  # noqa: PLC0415
        from tracking.analytics import counted, returned  # noqa: PLC0415
        from tracking.exported import DAYS, EVENTS, INBOUND_MAILS  # noqa: PLC0415
        from tracking.verifying import (  # noqa: PLC0415
            check_days,
            check_details,
            check_first_times,
            check_unsubscribed,
        )

        exports(EVENTS)
        exports(INBOUND_MAILS)
        exports(DAYS)
        counts(counted.KIND, counted.count)
        counts(returned.KIND, returned.count)
        may_mention("email_tracking", "event_data")
        may_mention("inbound_mails", "text", "subject", "from_address", "own_message_id", "why")
        may_mention_anybody("inbound_webhooks", "body", "event")
        speaks_of("tracking.tasks.poll_instantly", "campaigns.Handover")
        speaks_of("tracking.tasks.read_mailbox_task", "campaigns.Mailbox")
        verifies("references of events", related("tracking"))
        verifies("first times", check_first_times)
        verifies("unsubscribed", check_unsubscribed)
        verifies("days of campaigns", check_days)
        verifies("details of events", check_details)
