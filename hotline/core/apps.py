from django.apps import AppConfig
from django.core.checks import register


class CoreConfig(AppConfig):
    name = "hotline.core"
    label = "core"
    verbose_name = "底座"

    def ready(self) -> None:
        from hotline.core.checks import keys_are_usable

        register(keys_are_usable)
