"""Front-end packages: installed by npm, then the few files that pages use are copied.

`python hotline/ops/assets.py` runs without Django and without a database. Which files are taken
is written in `package.json` under `hotline.vendor`: where in `static/vendor` → which file or
folder in `node_modules`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: list[str], project: Path = PROJECT) -> int:
    """Install and copy unless it is done.

    `--check` only says by its exit code whether it is; `--copy-only` takes `node_modules` as found
    (the image's build installs it in a stage of its own).
    """
    if is_current(project):
        return 0
    if arguments == ["--check"]:
        return 1
    try:
        if arguments != ["--copy-only"]:
            install(project)
        copy(project)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"前端资源没有装好：{error}", file=sys.stderr)
        return 1
    return 0


def is_current(project: Path) -> bool:
    """Whether `static/vendor` holds what these package files ask for."""
    stamp = project / "static" / "vendor" / ".copied"
    return stamp.exists() and stamp.read_text() == _wanted(project)


def install(project: Path) -> None:
    """Install exactly the locked versions."""
    print("安装前端资源……", flush=True)
    # No package's own script runs on this machine.
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
        cwd=project,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def copy(project: Path) -> None:
    """Put the chosen files in `static/vendor`, all at once.

    Raises ValueError when a file named in `package.json` does not exist.
    """
    vendor = project / "static" / "vendor"
    fresh = vendor.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for destination, source in _chosen(project).items():
        _copy(project / "node_modules" / source, fresh / destination)
    (fresh / ".copied").write_text(_wanted(project))
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)


def _chosen(project: Path) -> dict[str, str]:
    package = json.loads((project / "package.json").read_text())
    return dict(package.get("hotline", {}).get("vendor", {}))


def _copy(source: Path, destination: Path) -> None:
    if not source.exists():
        raise ValueError(f"package.json 指定的 {source} 不存在")
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, destination)


def _wanted(project: Path) -> str:
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((project / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
