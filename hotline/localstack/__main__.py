"""`python -m hotline.localstack [command …]`: the embedded servers without the site.

With a command: run it while they are up, then stop what was started. Without: keep them
running and print their addresses, until Ctrl-C.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType
from typing import NoReturn

from hotline.localstack import LocalStackError, ensure, paths


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(command: list[str]) -> int:
    """The exit code of the command, or 0."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ensure():
            if command:
                return subprocess.run(command, check=False).returncode
            sys.stdout.write(
                f"DATABASE_URL={paths.database_url(paths.APP_ROLE)}\n"
                f"DATABASE_OWNER_URL={paths.database_url(paths.OWNER_ROLE)}\n"
                f"CELERY_BROKER_URL={paths.broker_url()}\nCACHE_URL={paths.cache_url()}\n"
            )
            sys.stdout.flush()
            signal.pause()
    except LocalStackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
