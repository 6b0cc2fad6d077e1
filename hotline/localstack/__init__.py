"""Embedded PostgreSQL and Valkey: the real servers, for `make run` and for the tests.

`start()` and `stop()` for a process that keeps the stack (the launcher, the test session),
`ensure()` for a command that needs it for a while, `running()` to ask. Addresses and secrets
are in `hotline.localstack.paths`, which starts nothing and which the settings import.
"""

from hotline.localstack.errors import LocalStackError
from hotline.localstack.stack import Stack, ensure, running, start, stop, throwaway

__all__ = ["LocalStackError", "Stack", "ensure", "running", "start", "stop", "throwaway"]
