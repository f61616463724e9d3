from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from campaigns_project.verification.registry import verifies  # noqa: PLC0415 - models exist only from here on
        from campaigns_project.verification.rows import related, unreadable  # noqa: PLC0415
        from campaigns_project.workers.subjects import speaks_of  # noqa: PLC0415
        from leads.imports.receiving import RUN_TASK  # noqa: PLC0415
        from leads.imports.trying import TRY_TASK  # noqa: PLC0415
        from leads.imports.undoing import UNDO_TASK  # noqa: PLC0415
        from leads.segments.fields import offer, offer_custom  # noqa: PLC0415
        from leads.segments.known import FIELDS, CustomKind  # noqa: PLC0415

        offer(FIELDS)
        offer_custom(CustomKind)
        for task in (RUN_TASK, TRY_TASK, UNDO_TASK):
            speaks_of(task, "leads.LeadImport")
        verifies("references of leads", related("leads"))
        verifies("secrets of leads", unreadable("leads"))
