"""The whole pack as one tagged PDF, printed by the Chromium that is installed: the same bytes each time."""

import os
import re
import shutil
import subprocess
import tomllib
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lscb_analysis.build.asked import PDF
from lscb_analysis.build.publication import BuildError, UnpublishedError

NAMED = "LSCB_CHROMIUM"
"""The environment variable that names a browser to use instead of the first that is found."""

PATIENCE = 300
"""Chromium may take this many seconds; it takes about ten."""

_BROWSERS = tomllib.loads(Path(__file__).with_name("browsers.toml").read_text("utf-8"))
_OPTIONS = _BROWSERS["options"]
PLACES = [
    *(f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _BROWSERS["applications"]),
    *(
        str(Path(os.environ[root], program))
        for root in _BROWSERS["below"]
        if root in os.environ
        for program in _BROWSERS["programs"]
    ),
]
"""Where browsers that print as Chromium does are that stand on no path."""

_LEAVES = re.compile(r'(<a\b[^>]*?) href="(?!#|tel:)[^"]*"')
_PRINTER = re.compile(rb"/Producer \(([^)]*)\)")
_DATED = re.compile(rb"/(Creation|Mod)Date \([^)]*\)")


def chromium() -> str:
    """Return the browser that prints: the one named by `LSCB_CHROMIUM`, else the first that is found.

    Raises BuildError if there is none, or none where the variable says.
    """
    named = os.environ.get(NAMED)
    asked = [named] if named else [*_BROWSERS["names"], *PLACES]
    if found := next(filter(None, map(shutil.which, asked)), None):
        return found
    if named:
        raise BuildError(f"{NAMED} is {named!r}, which is no program. Set it to Chromium's, or unset it.")
    raise BuildError(
        "A PDF is printed by Chromium, and none is found. Install Chromium, Chrome or Edge, "
        f"set {NAMED} to where it is, or build without --pdf."
    )


def printed(page: str, browser: str, published: date, aside: Path) -> bytes:
    """Return a page of HTML as a PDF that is dated `published`, whenever it is printed.

    What the browser needs is in a folder that is made in `aside` and removed. Raises UnpublishedError if it
    makes no PDF.
    """
    with TemporaryDirectory(dir=aside, ignore_cleanup_errors=True) as scratch:
        html, pdf = Path(scratch, "all.html"), Path(scratch, PDF)
        # it goes alone, without links to other files; a drawing has words in its place, its `<figure>` none
        alone = _LEAVES.sub(r"\1", page).replace("<figure ", '<figure role="group" ')
        html.write_text(alone, encoding="utf-8", newline="\n")
        _print(html, pdf, browser, Path(scratch))
        return _DATED.sub(partial(_dated, on=published), pdf.read_bytes())


def printer(pdf: bytes) -> str:
    """Return what printed a PDF, with its version, as the PDF says it."""
    found = _PRINTER.search(pdf)
    return found[1].decode("latin-1") if found else "unknown"


def _print(html: Path, pdf: Path, browser: str, scratch: Path) -> None:
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # it has none for root
    own = [f"--user-data-dir={scratch / 'profile'}", f"--print-to-pdf={pdf}", html.as_uri()]
    heard = scratch / "heard"
    try:
        with heard.open("wb") as said:  # no pipe: a child of the browser could hold it open
            ran = subprocess.run(
                [browser, *_OPTIONS, *root, *own], stdout=subprocess.DEVNULL, stderr=said, timeout=PATIENCE
            )
    except subprocess.TimeoutExpired:
        raise UnpublishedError(
            f"{browser} made no PDF within {PATIENCE} seconds. Nothing was published."
        ) from None
    if ran.returncode or not pdf.is_file():
        last = heard.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise UnpublishedError(
            f"{browser} made no PDF, with exit status {ran.returncode}. Nothing was published. {last}".strip()
        )


def _dated(found: re.Match[bytes], on: date) -> bytes:
    """The date of a document, as long as the one that was `found`, so that nothing after it moves."""
    return (b"/%bDate (D:%b)" % (found[1], f"{on:%Y%m%d}".encode())).ljust(len(found[0]))
