"""The schedules to copy: each holds a command that exists, and those that can be run here are run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from conftest import CHECKOUT, keep_only
from typer.main import get_command

from lscb_analysis.cli import app

SCHEDULE = CHECKOUT / "docs" / "schedule"
OPTIONS = {name for option in get_command(app).commands["build"].params for name in option.opts}


def read(name):
    return (SCHEDULE / name).read_text("utf-8")


def systemd():
    return re.search(r"^ExecStart=(.*)$", read("lscb-build.service"), re.M)[1]


def cron():
    return read("lscb-build.cron").splitlines()[-1].split(maxsplit=5)[5]


def windows():
    action = ET.fromstring(read("lscb-build.xml")).find(".//{*}Exec")
    return f"{action.find('{*}Command').text} {action.find('{*}Arguments').text}".replace("\\", "/")


def actions():
    steps = yaml.safe_load(read("github-actions.yml"))["jobs"]["build"]["steps"]
    return next(step["run"] for step in steps if "lscb build" in step.get("run", ""))


@pytest.mark.parametrize("command", [systemd, cron, windows, actions])
def test_every_schedule_builds_with_options_that_exist(command):
    words = shlex.split(command())
    assert any(re.search(r"lscb(\.exe)?$", word) for word in words)
    assert "build" in words
    used = {word for word in words if word.startswith("--")}
    assert "--log" in used
    assert used <= OPTIONS


def test_every_file_of_the_folder_is_offered_in_the_page():
    page = (CHECKOUT / "docs" / "scheduling.md").read_text("utf-8")
    assert set(re.findall(r"\(schedule/([^)]+)\)", page)) == {path.name for path in SCHEDULE.iterdir()}
    assert set(re.findall(r"`(--[a-z-]+)", page)) - {"--recursive", "--dereference"} <= OPTIONS


def test_every_event_is_in_the_page():
    page = (CHECKOUT / "docs" / "scheduling.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z ]+)`", re.search(r"(?s)\| event \|.*?\n\n", page)[0]))
    source = "".join(path.read_text("utf-8") for path in (CHECKOUT / "src").rglob("*.py"))
    told = " ".join(re.findall(r"\btell\(([^,)]*)", source))
    assert named == set(re.findall(r'"([a-z ]+)"', told))


def test_every_schedule_runs_on_weekdays_at_six():
    assert "OnCalendar=Mon..Fri 06:00" in read("lscb-build.timer")
    assert read("lscb-build.cron").splitlines()[-1].startswith("0 6 * * 1-5 ")
    # yaml reads the key `on` as true
    assert yaml.safe_load(read("github-actions.yml"))[True]["schedule"] == [{"cron": "0 6 * * 1-5"}]
    week = ET.fromstring(read("lscb-build.xml")).find(".//{*}DaysOfWeek")
    assert [day.tag.partition("}")[2][:3] for day in week] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_systemd_finds_nothing_wrong_with_the_units():
    if not shutil.which("systemd-analyze"):
        pytest.skip("There is no systemd here to verify the units with.")
    calendar = subprocess.run(
        ["systemd-analyze", "calendar", "Mon..Fri 06:00"], capture_output=True, text=True
    )
    assert calendar.returncode == 0, calendar.stderr


@pytest.mark.parametrize("command", [cron, pytest.param(systemd, marks=pytest.mark.whole)])
def test_the_command_of_a_schedule_publishes_the_pack_and_keeps_a_log(project, tmp_path, command):
    home = tmp_path / "home"
    home.mkdir()
    place = home / "lscb_analysis"
    shutil.copytree(project, place)
    (place / ".venv").symlink_to(sys.prefix)
    keep_only(place, ["08_care_leavers"])
    environment = {key: value for key, value in os.environ.items() if key != "LSCB_PROJECT"}
    done = subprocess.run(
        ["/bin/sh", "-c", command().replace("%h", str(home))],
        cwd=place, env=environment | {"HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (place / "reports" / "southend-2017-19" / "index.html").is_file()
    assert '"event": "published"' in Path(place / "reports" / "build.log.jsonl").read_text("utf-8")


@pytest.fixture
def server(project, tmp_path):
    """Jupyter's own server, with its scheduler, on the project: how to ask it for something."""
    home = tmp_path / "home"
    home.mkdir()
    places = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
        *(f"--ServerApp.root_dir={project}", "--ServerApp.port=0", "--IdentityProvider.token=invented"),
        "--ServerApp.jpserver_extensions={'jupyter_scheduler': True}",
    ]
    with (home / "log").open("w") as log, subprocess.Popen(
        command, cwd=project, env=os.environ | places | {"HOME": str(home)}, stdout=log, stderr=log
    ) as process:  # fmt: skip
        try:
            address = waited(lambda: json.loads(next((home / "RUNTIME").glob("jpserver-*.json")).read_text()))

            def ask(path, **body):
                request = urllib.request.Request(
                    f"{address['url']}scheduler/{path}",
                    data=json.dumps(body).encode() if body else None,
                    headers={"Authorization": "token invented", "Content-Type": "application/json"},
                )
                with urllib.request.urlopen(request, timeout=300) as answer:
                    said = answer.read()
                return json.loads(said) if said else None

            waited(lambda: ask("config"))
            yield ask
        finally:
            process.kill()  # asked to end, it would wait a minute for its scheduler


def waited(ask, seconds=120):
    """Return what `ask` gives, once it gives anything."""
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (StopIteration, OSError, ValueError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.whole
def test_jupyters_own_scheduler_runs_a_chapter_with_parameters(project, server):
    job = server(
        "jobs",
        name="care leavers",
        input_uri="notebooks/08_care_leavers.ipynb",
        runtime_environment_name=server("runtime_environments")[0]["name"],
        output_formats=["ipynb"],
        parameters={"instead": '"confidence: 0.8"'},
    )["job_id"]

    def ended():
        told = server(f"jobs/{job}")
        # a job that has not begun is called stopped
        if told["status"] not in ("COMPLETED", "FAILED"):
            raise ValueError(told["status"])
        return told

    told = waited(ended, 240)
    assert (told["status"], told["status_message"]) == ("COMPLETED", None)
    server(f"jobs/{job}/download_files?redownload=1")

    def whole():
        """The notebook, once it is one: a process that nobody waits for writes it."""
        return json.loads(next((project / "jobs").glob("*/08_care_leavers-*.ipynb")).read_text("utf-8"))

    assert "80% confidence interval" in str(waited(whole)["cells"])
