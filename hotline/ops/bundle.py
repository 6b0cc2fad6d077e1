"""`make bundle`: everything a machine without any package registry needs, in one archive.

The archive holds the committed sources, the wheels of `requirements.txt` and the front-end files;
`make run` on the other side finds the wheels and asks nobody. Made for the machine's own kind of
processor and Python version.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def main(project: Path = PROJECT) -> int:
    """Write `hotline-bundle-<revision>.tar.gz`; 1 with one sentence on failure."""
    try:
        revision = _output(["git", "rev-parse", "--short", "HEAD"], project)
        target = project / f"hotline-bundle-{revision}.tar.gz"
        with tempfile.TemporaryDirectory() as folder:
            pack(project, Path(folder), target)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"打包失败：{error}", file=sys.stderr)
        return 1
    print(f"已生成 {target.name}（{target.stat().st_size // 2**20} MB）。")
    return 0


def pack(project: Path, folder: Path, target: Path) -> None:
    """Collect sources, wheels and assets, and write them to `target`."""
    sources, wheels = folder / "sources.tar", folder / "wheels"
    subprocess.run(["git", "archive", "--output", str(sources), "HEAD"], cwd=project, check=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    requirements = str(project / "requirements.txt")
    subprocess.run([*pip, "--wheel-dir", str(wheels), "-r", requirements], check=True)
    with tarfile.open(sources) as found, tarfile.open(target, "w:gz") as archive:
        for member in found.getmembers():
            content = found.extractfile(member) if member.isfile() else None
            member.name = f"hotline/{member.name}"
            archive.addfile(member, content)
        archive.add(wheels, "hotline/wheels")
        archive.add(project / "static" / "vendor", "hotline/static/vendor")


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
