"""How long a pack takes: by shell loops of papermill and nbconvert, and by `lscb build`, in one run.

Run it by `make benchmark`. It works on a copy of `data/` and `notebooks/` in a temporary folder. A machine's
speed drifts, so all ways are timed in every round, and compared within it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
import psutil

from lscb_analysis.editions.edition import read_edition
from lscb_analysis.project import editions

CHECKOUT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHANGED = "southend/care_leavers.csv"
SAMPLES_A_SECOND = 5
ROUNDS = 3


@dataclass(frozen=True)
class Way:
    """A way to make the pack: what it does, what is done before it, and how often a round times it."""

    name: str
    make: Callable[[], None]
    before: Callable[[], None] = lambda: None
    times: int = 1


@dataclass(frozen=True)
class Measured:
    """What a way took: seconds of the clock, the median of each round, and of processors; peak MiB."""

    way: str
    walls: list[float]
    processor: float
    peak: float


def main() -> None:
    """Measure all ways, and print them as two tables."""
    name = editions()[0]
    chapters = read_edition(name).chapters
    with _project() as root:
        log, reports, table = root / "log.jsonl", root / "reports", root / "data" / CHANGED

        def build() -> None:
            _do(BIN / "lscb", "build", name, "--log", log)

        def forget() -> None:
            for made in (reports, root / ".lscb"):
                shutil.rmtree(made, ignore_errors=True)
            log.unlink(missing_ok=True)

        ways = [
            # c stands beside a, for these two are compared first of all
            Way("b  nbconvert --execute, in a loop", lambda: _nbconvert_loop(root, chapters)),
            Way("a  papermill, then nbconvert, in a loop", lambda: _papermill_loop(root, chapters)),
            Way("c  lscb build, from nothing", build, forget, times=3),
            Way("d  lscb build, nothing changed", build, times=3),
            Way("e  lscb build, one data file changed", build, lambda: _change(table), times=3),
        ]
        timed = [_round(number, ways) for number in range(1, ROUNDS + 1)]
        rows = [_measured(way, [times[way.name] for times in timed]) for way in ways]
        forget()
        spent = _where_the_time_goes(log, root / ".lscb", _seconds(build)[0])
    rows.sort(key=lambda row: row.way)
    _print_ways(rows, len(chapters))
    _print_times(spent)


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lscb-benchmark-") as folder:
        root = Path(folder)
        for part in ("data", "notebooks"):
            shutil.copytree(CHECKOUT / part, root / part, ignore=shutil.ignore_patterns(".*"))
        os.environ["LSCB_PROJECT"] = str(root)
        yield root


def _do(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip


def _papermill_loop(root: Path, chapters: list[str]) -> None:
    for chapter in chapters:
        ran = root / f"{chapter}-ran.ipynb"
        _do(BIN / "papermill", root / "notebooks" / f"{chapter}.ipynb", ran)
        _do(BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", ran)


def _nbconvert_loop(root: Path, chapters: list[str]) -> None:
    for chapter in chapters:
        stored = root / "notebooks" / f"{chapter}.ipynb"
        _do(
            BIN / "jupyter",
            "nbconvert",
            "--to",
            "html",
            "--no-input",
            "--execute",
            "--output-dir",
            root,
            stored,
        )


def _change(table: Path) -> None:
    """Alter a figure that a chapter reads, as a correction would, or put it back."""
    lines = table.read_text("utf-8").splitlines(keepends=True)
    was, now = (",56,56,", ",55,55,") if ",56,56," in lines[1] else (",55,55,", ",56,56,")
    lines[1] = lines[1].replace(was, now)
    table.write_text("".join(lines), "utf-8")


def _round(number: int, ways: list[Way]) -> dict[str, list[tuple[float, float]]]:
    """Time each way, so often as it asks for, one way after the other."""
    timed = {}
    for way in ways:
        print(f"round {number} of {ROUNDS}: {way.name} …", file=sys.stderr, flush=True)
        timed[way.name] = [_timed(way) for _ in range(way.times)]
    return timed


def _measured(way: Way, rounds: list[list[tuple[float, float]]]) -> Measured:
    """Sum up the rounds of a way, and watch its memory in a run of its own, for that slows it."""
    print(f"memory: {way.name} …", file=sys.stderr, flush=True)
    walls = [statistics.median(wall for wall, _ in times) for times in rounds]
    processor = statistics.median(spent for times in rounds for _, spent in times)
    return Measured(way.name, walls, processor, _peak(way))


def _timed(way: Way) -> tuple[float, float]:
    way.before()
    return _seconds(way.make)


def _seconds(make: Callable[[], None]) -> tuple[float, float]:
    """How long it takes, by the clock and of the processors."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    make()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _peak(way: Way) -> float:
    """The most memory that its processes held together, in MiB: their proportional set sizes, where told."""
    way.before()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(way.make)
        samples = [0.0]
        while not done.done():
            wait([done], 1 / SAMPLES_A_SECOND)
            samples.append(sum(map(_held, psutil.Process().children(recursive=True))) / 2**20)
        done.result()
    return max(samples)


def _held(process: psutil.Process) -> int:
    try:
        told = process.memory_full_info()
    except psutil.Error:  # it has ended
        return 0
    return int(getattr(told, "pss", told.rss))


def _where_the_time_goes(log: Path, kept: Path, wall: float) -> list[tuple[str, float]]:
    """Part the time of the last build, by its log and by the times that papermill noted in the notebooks."""
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    at = {event["event"]: datetime.fromisoformat(event["time"]).timestamp() for event in events}
    first = min(
        datetime.fromisoformat(e["time"]).timestamp() for e in events if e["event"] == "chapter started"
    )
    chapters = sum(event["seconds"] for event in events if event["event"] == "chapter done")
    cells = sum(
        cell.metadata.papermill.duration or 0
        for path in kept.glob("*/*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
    )
    running, pages = at["chapter done"] - first, at["published"] - at["chapter done"]
    return [
        ("all of it", wall),
        ("around them: imports, checks, verdicts, warming up, ending", wall - running - pages),
        ("chapters, side by side", running),
        ("pages, manifest, publication", pages),
        ("chapters, one after the other", chapters),
        ("  of which cells", cells),
        ("  kernels, messages, files among them", chapters - cells),
    ]


def _print_ways(rows: list[Measured], chapters: int) -> None:
    slowest, built = rows[0].walls, rows[2].walls
    print(f"{chapters} chapters, {os.cpu_count()} processors, Python {sys.version.split()[0]}")
    print(f"Medians of {ROUNDS} rounds; ratios within a round: their median, and in brackets each.\n")
    print(f"{'way':42}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'c is':>9}  a is")
    for row in rows:
        wall = statistics.median(row.walls)
        each = ", ".join(f"{ratio:.1f}" for ratio in _ratios(slowest, row.walls))
        print(
            f"{row.way:42}{wall:9.2f}{row.processor:9.2f}{row.peak:10.0f}"
            f"{statistics.median(_ratios(built, row.walls)):7.2f} x"
            f"  {statistics.median(_ratios(slowest, row.walls)):.1f} x ({each})"
        )


def _ratios(of: list[float], to: list[float]) -> list[float]:
    return [one / other for one, other in zip(of, to, strict=True)]


def _print_times(spent: list[tuple[str, float]]) -> None:
    print(f"\n{'where the time of c goes':66}{'s':>8}")
    for part, seconds in spent:
        print(f"{part:66}{seconds:8.2f}")


if __name__ == "__main__":
    main()
