#!/usr/bin/env python3
"""Command line entry of the hotline."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.settings")
    from django.core.management import execute_from_command_line

    from hotline.localstack import LocalStackError

    try:
        execute_from_command_line(sys.argv)
    except LocalStackError as error:
        # One sentence that says what to do, as for every refusal of the launcher.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
