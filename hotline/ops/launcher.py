"""`make run`: from nothing to an answering site, and back to nothing."""

from __future__ import annotations

import fcntl
import http.client
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from hotline.localstack import LocalStackError, Stack, paths
from hotline.ops import children, preparation
from hotline.ops.children import Child, Supervisor

ANSWER_SECONDS = 60.0


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or sent SIGTERM: not an error, and not to be caught as one."""


def run(*, host: str, port: int, demo: bool, say: Callable[[str], None]) -> None:
    """Serve until told to stop, then leave nothing behind.

    Raises LocalStackError with one sentence when the site cannot be started.
    """
    with _stop_signals(), _only_one() as data:
        record = data / "up.json"
        if children.end_leftovers(record):
            say("上次没有正常结束，遗留的进程已停止。")
        _require_free_port(host, port)
        stack = Stack.needed()
        supervisor = Supervisor(
            _children(host, port, data), stack, record=record, folder=Path(settings.BASE_DIR)
        )
        try:
            stack.start()
            preparation.prepare(demo=demo, say=say)
            warn_without_broker(say)
            supervisor.start()
            _await_answer(host, port, supervisor)
            _greet(host, port, say)
            supervisor.watch()
        except Stopped:
            say("正在停止……")
        finally:
            _ignore_further_signals()
            supervisor.stop()
            stack.stop()
    say("已停止。")


def _children(host: str, port: int, data: Path) -> list[Child]:
    """The processes of the site in the order in which they are stopped: first nothing new is
    scheduled, then nobody comes in, then the worker finishes its task."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "hotline.celery"]
    schedule = data / "beat"
    schedule.mkdir(exist_ok=True, mode=0o700)
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        # The launcher's lock makes it the only one; a pid file would only go stale.
        Child(
            "定时器",
            [*celery, "beat", "-l", "WARNING", "--pidfile=", "-s", str(schedule / "schedule")],
        ),
        Child(
            "网站",
            [
                *(sys.executable, "-m", "gunicorn", "-c", "python:hotline.gunicorn_conf"),
                *("--bind", bind),
            ],
        ),
        Child(
            "后台任务",
            [
                *(*celery, "worker", "-l", "WARNING", "--concurrency", "2"),
                # One worker has nobody to talk to: no gossip with others on the broker.
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
        ),
    ]


def warn_without_broker(say: Callable[[str], None]) -> None:
    """A broker that is down stops nobody from accepting calls, but a mistyped address would stay
    unnoticed: say so and go on."""
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=3) as broker:
            broker.ensure_connection(max_retries=1, timeout=3)
    except OperationalError:
        say(
            "注意：连不上 REDIS_URL 指定的消息队列，请检查地址和网络；"
            "登记和办理照常，通知和超时提醒会在它恢复后补发。"
        )


@contextmanager
def _only_one() -> Iterator[Path]:
    """One launcher per data folder, held by a lock that the kernel releases with the process."""
    try:
        data = paths.make_data_folder()
        lock = (data / "up.lock").open("ab")
    except OSError as error:
        raise LocalStackError(
            f"数据文件夹 {paths.data_folder()} 无法写入（{error.strerror}）：请改正它的权限，"
            "或用环境变量 HOTLINE_DATA_DIR 指定另一个文件夹。"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalStackError(
                "热线平台已经在运行：请使用正在运行的那一个，或先在它的终端按 Ctrl-C 停止它。"
            ) from None
        yield data


def _require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        # As the web server does: connections that just ended do not hold the port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            raise LocalStackError(
                f"不能使用 {host} 的 {port} 端口（{error.strerror}）：请先停止占用它的程序，"
                f"或换一个端口，例如 make run PORT={port + 1}。"
            ) from error


def _await_answer(host: str, port: int, supervisor: Supervisor) -> None:
    def ask() -> bool:
        connection = http.client.HTTPConnection(_reachable(host), port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    if not children.answers(ask, supervisor.children, ANSWER_SECONDS):
        raise LocalStackError(
            f"网站没有在 {ANSWER_SECONDS:.0f} 秒内应答：原因见上面的输出，排除后请重新启动。"
        )


def _greet(host: str, port: int, say: Callable[[str], None]) -> None:
    from hotline.ops.demo import logins

    name = _reachable(host)
    say(f"\n热线平台已启动：http://{f'[{name}]' if ':' in name else name}:{port}/")
    rows = logins()
    if rows:
        say("演示账号（用户名 / 密码 / 身份）：")
    for username, password, role in rows:
        say(f"  {username:<12} {password:<14} {role}")
    say("按 Ctrl-C 停止。")


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (not a binding)


@contextmanager
def _stop_signals() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> NoReturn:
        _ignore_further_signals()
        raise Stopped

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, stop)
    try:
        yield
    except Stopped:
        return


def _ignore_further_signals() -> None:
    """Stopping takes seconds, and must not itself be interrupted half-way."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
