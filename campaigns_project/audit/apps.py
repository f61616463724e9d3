from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "campaigns_project.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from campaigns_project.audit.verification import verify_chain  # noqa: PLC0415 - models are there only now
        from campaigns_project.verification.registry import keeps_used_ids, verifies  # noqa: PLC0415

        verifies("the audit chain", verify_chain)
        keeps_used_ids("organizations", kept_in="audit_log", column="organization_ref")
        keeps_used_ids("organizations", kept_in="audit_chain_heads", column="chain")
