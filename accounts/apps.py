from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Agencies, people and the roles they hold."""

    name = "accounts"
