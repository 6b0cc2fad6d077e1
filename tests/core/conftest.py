"""Property tests look for wrong answers, not slow ones: on a busy machine one example may take a
second for reasons of its own. Speed has tests that measure it."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
