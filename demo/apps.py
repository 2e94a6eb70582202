from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The fictional cast, and the main job end to end on one command."""

    name = "demo"
