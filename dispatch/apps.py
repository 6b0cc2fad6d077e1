from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "dispatch"
    verbose_name = "派单办理"

    def ready(self) -> None:
        from dispatch import consumers, rendering, verb_table, violations  # noqa: F401
        from dispatch.services.endings import end_orders
        from hotline.core.outbox import register_consumer
        from hotline.core.violations import register_sentences
        from intake.acts import register_ending

        register_sentences(violations.SENTENCES)
        register_ending(end_orders)
        register_consumer("unit-notices", consumers.TOLD, consumers.tell_unit)
        register_consumer("inbox-order", {"recomputed"}, consumers.follow_clock)
