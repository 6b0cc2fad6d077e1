from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "主动治理"

    def ready(self) -> None:
        from governance import rendering, violations  # noqa: F401
        from hotline.core.violations import register_sentences

        register_sentences(violations.SENTENCES)
