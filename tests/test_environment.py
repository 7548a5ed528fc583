"""The two ways in say the same, the lock file is whole, and no file names a host or a folder of one's own."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[1]

CONDA_NAMES = {"matplotlib": "matplotlib-base", "nbconvert": "nbconvert-core", "seaborn": "seaborn-base"}
"""What conda-forge calls a package that goes by another name on the index pip reads."""


def pyproject() -> dict:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> dict[str, SpecifierSet]:
    """Every dependency of pyproject.toml, for use and for development, and the bounds of each."""
    project = pyproject()["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in wanted}


def environment() -> tuple[dict[str, SpecifierSet], list[str]]:
    """What environment.yml asks conda for, and what it asks pip for."""
    content = yaml.safe_load((CHECKOUT / "environment.yml").read_text(encoding="utf-8"))
    assert [name for name in content["channels"] if name != "nodefaults"] == ["conda-forge"]
    lines = [line for line in content["dependencies"] if isinstance(line, str)]
    by_pip = [line for entry in content["dependencies"] if isinstance(entry, dict) for line in entry["pip"]]
    wanted = [Requirement(line) for line in lines]
    names = [canonicalize_name(requirement.name) for requirement in wanted]
    assert len(names) == len(set(names)), "environment.yml names a package twice"
    return dict(zip(names, (requirement.specifier for requirement in wanted), strict=True)), by_pip


def locked() -> list[tuple[Requirement, list[str]]]:
    """The requirements of the lock file, each with its hashes."""
    text = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    parted = [re.split(r"\s--hash=", line) for line in lines if line.strip()]
    return [(Requirement(name), [part.strip() for part in hashes]) for name, *hashes in parted]


def test_environment_yml_says_the_same_as_pyproject_toml():
    conda, by_pip = environment()
    by_pip_alone = {
        canonicalize_name(requirement.name): requirement.specifier
        for requirement in (Requirement(line) for line in by_pip if not line.startswith(("-", ".")))
    }
    aside = {"python", "pip", *by_pip_alone}
    wanted = {
        CONDA_NAMES.get(name, name): bounds for name, bounds in declared().items() if name not in by_pip_alone
    }
    assert {name: bounds for name, bounds in conda.items() if name not in aside} == wanted
    assert by_pip_alone == {name: declared().get(name) for name in by_pip_alone}


def test_every_name_that_differs_is_one_that_is_needed():
    conda, _ = environment()
    assert set(CONDA_NAMES) <= set(declared())
    assert set(CONDA_NAMES.values()) <= set(conda)


def test_environment_yml_asks_for_the_python_of_pyproject_toml():
    conda, _ = environment()
    assert conda["python"] == SpecifierSet(pyproject()["project"]["requires-python"])


def test_every_requirement_of_the_lock_file_is_pinned_once_and_hashed():
    requirements = locked()
    assert requirements
    for requirement, hashes in requirements:
        assert [bound.operator for bound in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement
    seen = [(canonicalize_name(r.name), str(r.marker)) for r, _ in requirements]
    assert len(seen) == len(set(seen))


def test_the_lock_file_names_no_host():
    text = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?:|://|index-url|find-links|trusted-host", text)


@pytest.mark.parametrize("name", sorted(declared()))
def test_the_lock_file_pins_a_dependency_within_its_bounds(name):
    pins = [r.specifier for r, _ in locked() if canonicalize_name(r.name) == name]
    assert pins, f"requirements.lock has no {name}: run make lock"
    for pin in pins:
        (exactly,) = pin
        assert declared()[name].contains(exactly.version), f"{name} {exactly} is not {declared()[name]}"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_lock_file_gives_one_version_of_each_dependency_to_each_python(python):
    here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    chosen = [canonicalize_name(r.name) for r, _ in locked() if not r.marker or r.marker.evaluate(here)]
    assert len(chosen) == len(set(chosen))
    assert set(declared()) <= set(chosen)


def test_the_lock_file_pins_what_the_build_needs_within_its_bounds():
    for line in pyproject()["build-system"]["requires"]:
        wanted = Requirement(line)
        pins = [
            r.specifier for r, _ in locked() if canonicalize_name(r.name) == canonicalize_name(wanted.name)
        ]
        assert pins, line
        assert all(wanted.specifier.contains(bound.version) for pin in pins for bound in pin), line


# What is tracked. The names looked for are put together here, so that this file does not hold them.

HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "anaconda" + ".org",
    "anaconda" + ".com",
    "npm" + "js.org",
    "npm" + "js.com",
    "unp" + "kg.com",
    "js" + "delivr.net",
    "arti" + "factory",
    "nexus" + "/repository",
    "pkgs" + ".dev.azure.com",
]
FOLDERS = ["home", "root", "work", "Users", "workspace", "mnt", "tmp"]
OWN_FOLDER = re.compile(r"(?<![\w.*~)}>-])/(" + "|".join(FOLDERS) + r")/\w|\b[A-Za-z]:\\Users\\", re.ASCII)


def tracked() -> dict[str, str]:
    """The text of every tracked file that is text."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("This is no git checkout, so nothing says which files are tracked.")
    texts = {}
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = CHECKOUT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            texts[name] = content.decode("utf-8")
    return texts


def test_no_tracked_file_names_the_host_of_a_package_registry():
    found = [(name, host) for name, text in tracked().items() for host in HOSTS if host in text.casefold()]
    assert found == []


def test_no_tracked_file_holds_the_path_of_a_folder_of_ones_own():
    found = {name: match[0] for name, text in tracked().items() if (match := OWN_FOLDER.search(text))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("open('/" + "home/ann/data.csv')", True),
        ("cd /" + "root/project", True),
        ("PYTHON=/" + "work/main/.venv/bin/python", True),
        ("C:" + "\\Users\\ann", True),
        ("see https://www.example.org/" + "work/pages", False),
        ("../shared/" + "work/notes", False),
        ("home/work", False),
    ],
)
def test_the_path_of_a_folder_of_ones_own_is_seen(text, held):
    assert bool(OWN_FOLDER.search(text)) == held
