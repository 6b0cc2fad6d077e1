"""The container image and the compose file, as far as they can be proved without an engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import psycopg2
import pytest
import yaml

from hotline.localstack import paths, processes
from hotline.localstack.binaries import postgres_programs
from hotline.localstack.stack import Stack
from tests.launcher.site import PROJECT, Site

COMPOSE = PROJECT / "docker-compose.yml"
DOCKERFILE = PROJECT / "Dockerfile"
APP_SERVICES = ("setup", "web", "worker", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text()))


def test_the_compose_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"

    jsonschema.validate(compose, json.loads(schema.read_text()))


def test_every_name_that_a_service_uses_is_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name
        for config in service.get("configs", []):
            assert config["source"] in compose["configs"], name


def test_database_and_broker_are_the_official_images_and_there_is_one_timer(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]

    assert services["db"]["image"] == "postgres:18"
    assert services["broker"]["image"] == "valkey/valkey:9"
    assert services["beat"]["deploy"]["replicas"] == 1
    assert [name for name, each in services.items() if "beat" in each.get("command", [])] == [
        "beat"
    ]


def test_only_set_up_knows_the_owners_password(compose: dict[str, Any]) -> None:
    holders = {
        name
        for name, service in compose["services"].items()
        if "OWNER_PASSWORD" in json.dumps(service)
    }

    assert holders == {"db", "setup"}


def test_every_secret_has_its_line_in_the_head_of_the_file(compose: dict[str, Any]) -> None:
    text = COMPOSE.read_text()

    required = set(re.findall(r"\$\{(\w+):\?", text))

    assert required
    for name in required:
        assert f'echo "{name}=' in text


def test_the_image_holds_no_secret_and_does_not_run_as_root() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    ignored = (PROJECT / ".dockerignore").read_text().split()

    assert "USER hotline" in lines
    assert {".env", "var", ".git", ".venv"} <= set(ignored)


def test_the_image_starts_what_compose_calls_web(compose: dict[str, Any]) -> None:
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)

    assert json.loads(command) == compose["services"]["web"]["command"]


# --- the start commands, outside a container ----------------------------------------------


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database server as compose makes it: its own script creates the roles."""
    folder = tmp_path_factory.mktemp("image")
    for step in (folder, *folder.parents):
        if step.is_dir() and step.owner() != "root":
            break
        step.chmod(step.stat().st_mode | 0o001)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOTLINE_DATA_DIR", str(folder / "data"))
        stack = Stack(durable=False)
        stack.start()
        yield folder / "data"
        stack.stop()


def environment_of(service: dict[str, Any], installation: Path, port: int) -> dict[str, str]:
    """What compose would give the process, with the addresses of the test's servers."""
    given = {name: filled_in(str(value)) for name, value in service["environment"].items()}
    run = installation / "run"
    addresses = {
        "DATABASE_URL": f"postgresql://hotline_app@/hotline?host={run}",
        "DATABASE_OWNER_URL": f"postgresql://hotline_owner@/hotline?host={run}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": f"redis+socket://{run}/valkey.sock?virtual_host=0",
        "CACHE_URL": f"unix://{run}/valkey.sock?db=2",
    }
    given |= {name: addresses[name] for name in addresses if name in given}
    given["CELERY_BROKER_URL"] = addresses["CELERY_BROKER_URL"]
    return Site(installation).environment(**given, BIND=f"127.0.0.1:{port}")


def filled_in(text: str) -> str:
    """What compose makes of `${NAME:-default}` and of `${NAME:?must be given}`."""
    return re.sub(r"\$\{(\w+):[?-]([^}]*)\}", _stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    name, otherwise = match.groups()
    if name.endswith("_KEYS"):
        return "1:" + "A" * 43 + "="
    return "test" * 10 if otherwise.startswith("see") else otherwise


def start(
    compose: dict[str, Any], name: str, installation: Path, port: int = 0
) -> subprocess.Popen[bytes]:
    """The service's command as a process here."""
    return run_for(compose["services"][name], "command", installation, port)


def is_healthy(compose: dict[str, Any], name: str, installation: Path, port: int = 0) -> bool:
    """What the service's own health check says."""
    service = compose["services"][name]
    check, *command = service["healthcheck"]["test"]
    assert check == "CMD"
    return not run_for(service | {"check": command}, "check", installation, port).wait(30)


def run_for(
    service: dict[str, Any], which: str, installation: Path, port: int
) -> subprocess.Popen[bytes]:
    python, *arguments = service[which]
    assert python == "python"
    moved = [
        filled_in(part).replace("/data/", f"{installation}/").replace(":8000/", f":{port}/")
        for part in arguments
    ]
    return subprocess.Popen(
        [sys.executable, *moved],
        cwd=PROJECT,
        env=environment_of(service, installation, port),
        stderr=subprocess.DEVNULL if which == "check" else None,
    )


@pytest.mark.processes
def test_the_start_commands_of_the_image_bring_up_a_site(
    compose: dict[str, Any], installation: Path
) -> None:
    site = Site(installation)
    assert start(compose, "setup", installation).wait(120) == 0
    running = [start(compose, name, installation, site.port) for name in ("web", "worker", "beat")]
    try:
        assert processes.wait_until(site.answers, 30, every=0.1)
        assert is_healthy(compose, "web", installation, site.port)
        assert processes.wait_until(lambda: is_healthy(compose, "worker", installation), 30)
        assert processes.wait_until(lambda: any(installation.glob("beat-schedule*")), 30)
        assert [process.poll() for process in running] == [None, None, None]
    finally:
        for process in running:
            process.terminate()
        codes = [process.wait(30) for process in running]

    assert codes == [0, 0, 0]


@pytest.mark.processes
def test_the_database_script_of_the_compose_file_makes_both_roles(
    compose: dict[str, Any], installation: Path
) -> None:
    """Run as the official image runs it, but for names that do not exist yet."""
    script = compose["configs"]["roles"]["content"].replace("$$", "$")
    for name in (paths.APP_ROLE, paths.OWNER_ROLE):
        script = script.replace(name, f"compose_{name}")
    script = script.replace("--dbname hotline", "--dbname compose")
    script = script.replace("DATABASE hotline", "DATABASE compose")
    server = f"host={installation / 'run'} user=postgres"
    administrator = psycopg2.connect(f"{server} dbname=template1")
    administrator.autocommit = True
    administrator.cursor().execute("CREATE DATABASE compose")
    subprocess.run(
        ["bash", "-Eeuo", "pipefail", "-c", script],
        check=True,
        env={
            "PATH": f"{postgres_programs()}:/usr/bin:/bin",
            "PGHOST": str(installation / "run"),
            "POSTGRES_USER": "postgres",
            "OWNER_PASSWORD": "it's quoted",
            "APP_PASSWORD": "as it should be",
        },
    )

    with administrator.cursor() as cursor:
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'compose'")
        assert cursor.fetchone() == ("compose_hotline_owner",)
        cursor.execute("SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM%'")
        assert cursor.fetchone() == (2,)
    administrator.close()
