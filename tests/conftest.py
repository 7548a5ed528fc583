"""What several test files share: a project of one's own to break, and the folder of shared material."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import recorded
from bs4 import BeautifulSoup
from filelock import FileLock
from hypothesis import settings

sys.modules.setdefault("rfc3987_syntax", None)  # as the command does, before anything imports nbformat

from lscb_analysis import project as where  # noqa: E402
from lscb_analysis.build import builder  # noqa: E402
from lscb_analysis.build.asked import Asked  # noqa: E402
from lscb_analysis.build.warm.origin import REHEARSED  # noqa: E402
from lscb_analysis.build.warm.provisioner import warm_kernels  # noqa: E402
from lscb_analysis.data.schema import DICTIONARY as DICTIONARY_FILES, TEXTS  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHECKOUT = Path(__file__).resolve().parents[1]
DATA, DICTIONARY = Path("data") / "southend", Path("data") / "dictionary"
EDITION = Path("notebooks") / "editions" / "southend-2017-19.toml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOME = ["index", "00_board_summary", "05_child_protection", "easy-read"]
"""Pages of every kind, which each run of the tests opens in a browser; `make test-whole` opens all."""
SOME_PAGES = "some pages"
FEW = ["03_primary_need", "05_child_protection", "08_care_leavers"]
"""Enough chapters to see what a build does; the whole pack is built once, for the tests of its pages."""
LONGEST = ["verify", "accessibility", "boards", "faults", "report", "other_data", "verdicts", "consistency",
           "belongings", "reuse", "data", "access", "check", "trends", "quality", "other_places", "kernels",
           "pdf", "cli", "leaks", "new_year", "jupyterlab", "browser"]  # fmt: skip
"""The files whose tests take longest: they begin first, so that in the end no processor waits for one."""


settings.register_profile("lscb", deadline=None)  # a busy machine is no fault
settings.load_profile("lscb")

FOUND = pytest.StashKey[list[recorded.Found]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Record what the tests of accessibility find, instead of holding it against the record."""
    parser.addoption("--record", action="store_true", help="write data/southend/accessibility.csv")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    order = {f"test_{name}": at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record of a whole run, faults and all: the statement made from it has to own to them."""
    if session.config.getoption("--record") and (found := session.config.stash.get(FOUND, [])):
        recorded.write(found)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect garbage again after the command, which leaves that to the end of its process."""
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _board(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no edition's board open, whatever a test before has opened."""
    monkeypatch.setattr(where, "_opened", {})


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Note what a check of accessibility found: record it, or hold it against what is recorded."""

    def noted(*of: Any, **more: Any) -> None:
        found = recorded.Found(*of, **more)
        if SOME_PAGES in request.node.name:
            return  # the record is of all
        if request.config.getoption("--record"):
            request.config.stash.setdefault(FOUND, []).append(found)
        else:
            differs = recorded.differences(found)
            assert not differs, f"{found.check} was recorded otherwise: run make accessibility. {differs}"

    return noted


@pytest.fixture
def by_hand(browser: Browser, note: Callable[..., None]) -> Callable[..., None]:
    """Note and assert what was asked of each page in the browser: for each, whether it holds."""

    def asserted(check: str, what: str, held: dict[str, list[bool]]) -> None:
        asked = max(map(len, held.values()))
        broken = sum(answers.count(False) for answers in held.values())
        note(check, what, "Chromium", browser.version.partition(".")[0], asked, len(held), broken)
        assert not broken, {name: answers for name, answers in held.items() if False in answers}

    return asserted


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of data/ and notebooks/, with few chapters, that the library takes for the project."""
    folder = copied(tmp_path / "project", FEW)
    monkeypatch.setenv("LSCB_PROJECT", str(folder))
    return folder


def copied(folder: Path, chapters: list[str] | None) -> Path:
    """Copy data/ and notebooks/ to `folder`, and leave these chapters in the edition, or all."""
    for name in ("data", "notebooks"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    if chapters is not None:
        keep_only(folder, chapters)
    return folder


def only(project: Path, *kept: str) -> None:
    """Leave of the board's tables these alone: every build checks all there are, which takes a second."""
    for path in (project / DATA).glob("*.csv"):
        if path.stem not in (*DICTIONARY_FILES, *TEXTS, *kept):
            path.unlink()


def compared(project: Path) -> list[str]:
    """The tables that the comparisons of the edition take."""
    return re.findall(r'\btable = "(\w+)"', (project / EDITION).read_text("utf-8"))


def data_files(project: Path) -> list[Path]:
    """The files of `data/` that the edition reads: the dictionary's, then the board's own."""
    return [path for folder in (DICTIONARY, DATA) for path in sorted((project / folder).glob("*.csv"))]


def data_file(project: Path, name: str) -> Path:
    """A file of `data/` by its name: the board's own, or else the dictionary's."""
    return next(path for path in reversed(data_files(project)) if path.stem == name)


def as_they_ran(project: Path, pack: str) -> dict[str, Path]:
    """Return the notebooks that a project keeps of its pack of this name, by chapter."""
    return {path.stem: path for path in project.glob(f".lscb/{pack}-????????/*.ipynb")}


def keep_only(project: Path, chapters: list[str]) -> None:
    """Leave in the edition these chapters and their comparisons, and no others."""
    path = project / EDITION
    head, *comparisons = path.read_text("utf-8").split("[[comparisons]]")
    head = re.sub(r"(?ms)^chapters = \[.*?\]", f"chapters = {json.dumps(chapters)}", head)
    kept = [part for part in comparisons if any(f'"{chapter}"' in part for chapter in chapters)]
    path.write_text("[[comparisons]]".join([head, *kept]), "utf-8")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("LSCB_SHARED") or CHECKOUT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"There is no folder of shared material at {folder}: set LSCB_SHARED to where it is.")
    return folder


@pytest.fixture(scope="session")
def dfe(shared: Path) -> Path:
    """The Department's files; where they are not there, what needs them is skipped."""
    folder = shared / "dfe"
    if not folder.is_dir():
        pytest.skip(f"The Department's files are not at {folder}: set LSCB_SHARED to the folder above it.")
    return folder


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder that tests share which run side by side."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def pack(machine: Path) -> Path:
    """The pack of the edition, built once for all tests from a copy of the checkout, beside `reports`."""
    return built_once(machine / "checkout", machine / "reports" / "pack")


@pytest.fixture(scope="session")
def pack_of_few(machine: Path) -> Path:
    """A pack of few chapters, built once for all tests; one that changes it takes a copy (`built`)."""
    return built_once(machine / "few", None, FEW)


@pytest.fixture
def built(pack_of_few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project with its pack, that the library takes for the project."""
    folder = shutil.copytree(pack_of_few.parents[1], tmp_path / "project", symlinks=True)
    monkeypatch.setenv("LSCB_PROJECT", str(folder))
    return folder


@pytest.fixture
def warmed() -> Iterator[Callable[[Path], None]]:
    """Have all builds of a project, whose data stay as they are, fork kernels from one process."""
    with ExitStack() as stack:
        yield lambda project: stack.enter_context(
            warm_kernels(rehearsal=(REHEARSED, str(project), EDITION.stem))
        )


def built_once(root: Path, output: Path | None, chapters: list[str] | None = None) -> Path:
    """Build the pack of a project copied to `root`; of tests that run side by side, one waits for it."""
    with FileLock(root.with_suffix(".lock")):
        if not root.exists():
            copied(root, chapters)
            if chapters:
                only(root, *compared(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(root))
        made = builder.build(None, Asked(wait=True), output)
    assert not made.failed, [chapter.error for chapter in made.failed]
    return made.folder


@pytest.fixture(scope="session")
def pages(pack: Path) -> dict[str, BeautifulSoup]:
    """Every page of the pack by its name, parsed."""
    return {path.stem: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in pack.glob("*.html")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window; a test that needs it is skipped where it is absent."""
    if not CHROMIUM:
        pytest.skip("No Chromium is installed; on Debian: apt install chromium.")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(params=[SOME_PAGES, pytest.param("all pages", marks=pytest.mark.whole)])
def opened(
    request: pytest.FixtureRequest, browser: Browser, pack: Path
) -> Callable[..., Iterator[tuple[str, Page]]]:
    """Open some pages of the pack or all, one after the other, in a tab that has the settings given.

    Without the `whole`, that of the whole pack is left out: axe takes longer over it than over all others,
    whose parts it is made of.
    """

    def each(whole: bool = True, **settings: Any) -> Iterator[tuple[str, Page]]:
        page = browser.new_page(**settings)
        for path in sorted(pack.glob("*.html")):
            if path.stem in SOME or (request.param != SOME_PAGES and (whole or path.stem != "all")):
                page.goto(path.as_uri())
                yield path.stem, page
        page.close()

    return each
