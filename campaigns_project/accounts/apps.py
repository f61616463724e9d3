from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "campaigns_project.accounts"
    label = "accounts"
    verbose_name = "People and organizations"

    def ready(self) -> None:
        from campaigns_project.verification.registry import keeps_used_ids, verifies  # noqa: PLC0415 - models exist from here on
        from campaigns_project.verification.rows import related, unreadable  # noqa: PLC0415

        verifies("references of accounts", related("accounts"))
        verifies("secrets of accounts", unreadable("accounts"))
        keeps_used_ids("organizations", kept_in="organization_tombstones")
