"""The load generator: one thin process that keeps eight connections busy.

`python -m hotline.ops.bench.load` reads a plan from its standard input and writes what it measured
to its standard output, both as JSON. It imports nothing of the project and nothing of Django, and
it says how much processor it used itself.

A plan is a list of scripts; a script is a list of requests that follow each other, as one person
would send them. `{number}` in a path is the ticket that the script's first request created. A
request with `pause` is sent so many seconds after the answer before it: people read and think.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import resource
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

RECEIVE_BYTES = 1 << 18
PATIENCE_SECONDS = 30.0
KEPT_FAILURES = 5


@dataclass
class Answer:
    """A whole response, or as much of it as has come."""

    received: bytearray = field(default_factory=bytearray)
    head: int = -1
    length: int = 0

    def is_whole(self) -> bool:
        if self.head < 0:
            self.head = self.received.find(b"\r\n\r\n")
            if self.head < 0:
                return False
            self.length = int(self.header(b"content-length") or 0)
        return len(self.received) >= self.head + 4 + self.length

    @property
    def status(self) -> int:
        return int(self.received[9:12])

    @property
    def body(self) -> bytes:
        return bytes(self.received[self.head + 4 :])

    def header(self, name: bytes) -> bytes:
        head = bytes(self.received[: self.head]).lower()
        found = head.find(b"\r\n" + name + b":")
        if found < 0:
            return b""
        start = found + len(name) + 3
        end = head.find(b"\r\n", start)
        return head[start : end if end >= 0 else None].strip()


class Client:
    """One connection, and the script it is in the middle of."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.socket: socket.socket | None = None
        self.script: list[dict[str, Any]] = []
        self.place = 0
        self.step = 0
        self.number = ""
        self.answer = Answer()
        self.sent_at = 0.0

    def begin(self) -> None:
        """Take the next script, or leave when there is none."""
        if self.run.waiting:
            self.place, self.script = self.run.waiting.popleft()
            self.step, self.number = 0, ""
            self.go_on()
        else:
            self.hang_up()

    def go_on(self) -> None:
        """Send the next request, or think first."""
        pause = self.script[self.step].get("pause", 0.0)
        if pause:
            self.sent_at = 0.0
            heapq.heappush(
                self.run.thinking, (time.perf_counter() + pause, next(self.run.turns), self)
            )
        else:
            self.send()

    def send(self) -> None:
        if self.socket is None:
            self.socket = socket.create_connection(self.run.address, PATIENCE_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.run.selector.register(self.socket, selectors.EVENT_READ, self)
        request = self.script[self.step]
        body = request["body"].encode()
        path = request["path"].replace("{number}", self.number)
        head = (
            f"{request['method']} {path} HTTP/1.1\r\nHost: {self.run.host}\r\n"
            f"{request['headers']}Content-Length: {len(body)}\r\n\r\n"
        )
        self.answer = Answer()
        self.sent_at = time.perf_counter()
        self.socket.sendall(head.encode() + body)

    def receive(self) -> None:
        assert self.socket is not None
        data = self.socket.recv(RECEIVE_BYTES)
        if not self.sent_at and not data:  # the server closed while we thought
            self.hang_up()
            return
        self.answer.received += data
        if self.answer.is_whole():
            self.finish()
        elif not data:
            self.fail("the connection was closed")

    def finish(self) -> None:
        took = time.perf_counter() - self.sent_at
        request = self.script[self.step]
        if self.answer.header(b"connection") == b"close":
            self.hang_up()
        if self.answer.status not in request["expected"]:
            body = " ".join(self.answer.body[:300].decode(errors="replace").split())
            self.fail(f"{self.answer.status} {body}")
            return
        self.run.took.setdefault(request["operation"], []).append(took * 1000)
        told = self.answer.header(b"server-timing")
        if told:
            served = float(told.rpartition(b"=")[2])
            self.run.served.setdefault(request["operation"], []).append(served)
        if request["creates"]:
            self.number = json.loads(self.answer.body)["number"]
            self.run.numbers[self.place] = self.number
        self.step += 1
        self.sent_at = 0.0
        if self.step < len(self.script):
            self.go_on()
        else:
            self.run.completed += 1
            self.begin()

    def fail(self, why: str) -> None:
        """Give the script up; the others go on, and the report says so."""
        self.run.failed += 1
        if len(self.run.failures) < KEPT_FAILURES:
            self.run.failures.append(f"{self.script[self.step]['operation']}: {why}")
        self.hang_up()
        self.begin()

    def hang_up(self) -> None:
        if self.socket is not None:
            self.run.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


class Run:
    """All clients at once, until every script has been played."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.host: str = plan["host"]
        self.address = (plan["host"], plan["port"])
        self.waiting = deque(enumerate(plan["scripts"]))
        self.clients = [Client(self) for _ in range(plan["clients"])]
        self.selector = selectors.DefaultSelector()
        # Who thinks until when; the turn keeps equal times in order.
        self.thinking: list[tuple[float, int, Client]] = []
        self.turns = itertools.count()
        self.took: dict[str, list[float]] = {}
        # What the server says it worked on them, where it says so.
        self.served: dict[str, list[float]] = {}
        self.numbers: list[str] = [""] * len(plan["scripts"])
        self.completed = 0
        self.failed = 0
        self.failures: list[str] = []

    def play(self) -> dict[str, Any]:
        cpu, machine, began = _own_seconds(), _machine_seconds(), time.perf_counter()
        for client in self.clients:
            client.begin()
        while self.selector.get_map() or self.thinking:
            self._wake()
            until = self.thinking[0][0] - time.perf_counter() if self.thinking else None
            wait = PATIENCE_SECONDS if until is None else max(0.0, until)
            ready = self.selector.select(wait)
            if not ready and until is None and self.selector.get_map():
                raise TimeoutError(f"no answer for {PATIENCE_SECONDS:.0f} seconds")
            for key, _events in ready:
                key.data.receive()
        return {
            "seconds": time.perf_counter() - began,
            "own_seconds": _own_seconds() - cpu,
            "machine_seconds": _machine_seconds() - machine,
            "took": self.took,
            "served": self.served,
            "numbers": self.numbers,
            "completed": self.completed,
            "failed": self.failed,
            "failures": self.failures,
        }

    def _wake(self) -> None:
        """Those who have thought long enough send their next request."""
        while self.thinking and self.thinking[0][0] <= time.perf_counter():
            heapq.heappop(self.thinking)[2].send()


def _own_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _machine_seconds() -> float:
    """What all programs of the machine have used together, the share that the host took from a
    virtual one included."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = (
            int(ticks) for ticks in stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    plan = json.load(sys.stdin)
    json.dump(Run(plan).play(), sys.stdout)


if __name__ == "__main__":
    main()
