"""`python -m hotline.ops.bench`: the measuring itself, inside the throw-away site. Started by
`manage.py bench`, whose own settings are those of the real one."""

from __future__ import annotations

import json
import sys

import django


def main() -> int:
    django.setup()
    from hotline.ops.bench import profiling, report, run

    asked = json.loads(sys.argv[1])
    options = run.Options(**asked | {"model": tuple(asked["model"])})
    bench = run.Bench(options, lambda line: print(line, flush=True))
    if options.profile:
        return profiling.main(bench)
    return report.show(bench.run(), options)


if __name__ == "__main__":
    sys.exit(main())
