from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "dispatch"
    verbose_name = "派单办理"

    def ready(self) -> None:
        from dispatch import consumers, ladder, rendering, verb_table, violations  # noqa: F401
        from dispatch.services.endings import end_orders
        from hotline.core.digests import register_wording
        from hotline.core.outbox import register_consumer
        from hotline.core.violations import register_sentences
        from intake.acts import register_ending

        register_sentences(violations.SENTENCES)
        register_ending(end_orders)
        # Before the notices: an urge is told in the tick that finds the breach.
        register_consumer("ladder", {"breached"}, ladder.climb, batch=50)
        register_consumer("unit-notices", consumers.TOLD, consumers.tell_unit)
        register_consumer("inbox-order", {"recomputed"}, consumers.follow_clock)
        register_wording(consumers.mail_words)
