from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "hotline.pages"
    label = "pages"
    verbose_name = "页面"
