from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "回访考评"

    def ready(self) -> None:
        from dispatch.services.orders import register_sampler
        from evaluation import figures, outcomes, rendering, verb_table, violations  # noqa: F401
        from evaluation.pleas import counts_for
        from evaluation.sampling import is_sampled
        from evaluation.services.links import hand_over
        from hotline.core.outbox import register_consumer
        from hotline.core.violations import register_sentences
        from intake.own_affairs import register_stake

        register_sentences(violations.SENTENCES)
        register_consumer("outcomes", outcomes.HEARD, outcomes.keep, together=outcomes.keep_all)
        register_consumer(
            "figures", figures.HEARD, figures.note_change, together=figures.note_changes
        )
        register_sampler(is_sampled)
        register_stake(counts_for)
        # One at a time: a link that was handed over stays locked until its tick ends, and while
        # the carrier keeps the next waiting its requester could not answer.
        register_consumer("short-messages", {"rating_asked"}, hand_over, batch=1)
