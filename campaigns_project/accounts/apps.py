from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "campaigns_project.accounts"
    label = "accounts"
    verbose_name = "People and organizations"
