from django.apps import AppConfig
from django.core.checks import Tags, register


class PagesConfig(AppConfig):
    name = "hotline.pages"
    label = "pages"
    verbose_name = "页面"

    def ready(self) -> None:
        from hotline.pages.boundaries import map_is_of_this_city, map_is_usable

        register(map_is_usable)
        register(map_is_of_this_city, Tags.database)
