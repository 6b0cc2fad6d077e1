from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = "接诉受理"

    def ready(self) -> None:
        from hotline.core.api.health import register_check
        from hotline.core.violations import register_sentences
        from intake import health, rendering, verb_table, violations  # noqa: F401

        register_sentences(violations.SENTENCES)
        register_check("sweep", health.sweep_is_late)
