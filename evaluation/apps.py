from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "回访考评"

    def ready(self) -> None:
        from dispatch.services.orders import register_sampler
        from evaluation import outcomes, rendering, verb_table, violations  # noqa: F401
        from evaluation.carriers import hand_over
        from evaluation.sampling import is_sampled
        from hotline.core.outbox import register_consumer
        from hotline.core.violations import register_sentences

        register_sentences(violations.SENTENCES)
        register_consumer("outcomes", outcomes.HEARD, outcomes.keep, together=outcomes.keep_all)
        register_sampler(is_sampled)
        # Few at a time: each waits for the carrier, and a tick must end.
        register_consumer("short-messages", {"rating_asked"}, hand_over, batch=5)
