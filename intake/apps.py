from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = "接诉受理"

    def ready(self) -> None:
        from hotline.core.violations import register_sentences
        from intake import rendering, verb_table, violations  # noqa: F401

        register_sentences(violations.SENTENCES)
