from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "回访考评"

    def ready(self) -> None:
        from evaluation import rendering, verb_table, violations  # noqa: F401
        from hotline.core.violations import register_sentences

        register_sentences(violations.SENTENCES)
