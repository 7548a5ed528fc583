"""The schedules to copy: each holds a command that exists, and those that can be run here are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from conftest import CHECKOUT, only_chapter
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


@pytest.mark.parametrize("command", [systemd, cron])
def test_the_command_of_a_schedule_publishes_the_pack_and_keeps_a_log(project, tmp_path, command):
    home = tmp_path / "home"
    home.mkdir()
    place = home / "lscb_analysis"
    shutil.copytree(project, place)
    (place / ".venv").symlink_to(sys.prefix)
    only_chapter(place, "08_care_leavers")
    environment = {key: value for key, value in os.environ.items() if key != "LSCB_PROJECT"}
    done = subprocess.run(
        ["/bin/sh", "-c", command().replace("%h", str(home))],
        cwd=place, env=environment | {"HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (place / "reports" / "southend-2017-19" / "index.html").is_file()
    assert '"event": "published"' in Path(place / "reports" / "build.log.jsonl").read_text("utf-8")
