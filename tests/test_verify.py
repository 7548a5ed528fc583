"""A pack is verified by making it again: it holds as built, and every alteration is named."""

import os
import shutil
import subprocess
import sys
from datetime import date
from functools import partial

import pytest
from conftest import CHROMIUM, DATA, EDITION, keep_only
from mutations import alterations
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from typer.testing import CliRunner

from lscb_analysis.build.again import (
    NoPackError,
    compare,
    read_manifest,
    recorded_of,
    unlike_here,
    verify,
)
from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.cli import NOT_VERIFIED, app, main
from lscb_analysis.project import contents, use_until

CARE = "08_care_leavers"
OF_A_KIND = 12
"""So many alterations of each kind are tried, spread over the pack."""


SETTINGS = """lines.linewidth: 9
font.size: 30
font.family: serif
axes.grid: True
axes.facecolor: red
axes.prop_cycle: cycler(color=["black", "yellow"])
axes.spines.top: False
axes.xmargin: 0.4
figure.constrained_layout.w_pad: 1
svg.fonttype: path
"""
"""What a user may have told matplotlib to draw with."""


def elsewhere(folder):
    """The variables of somebody whose settings, language, clock, seed and processor are others.

    In their last digits numbers differ between processors.
    """
    (folder / "matplotlibrc").write_text(SETTINGS, "utf-8")
    off = " ".join(one for one in __cpu_dispatch__ if __cpu_features__.get(one))
    return os.environ | {
        "MATPLOTLIBRC": str(folder),
        "NPY_DISABLE_CPU_FEATURES": off,
        "OPENBLAS_CORETYPE": "Prescott",
        "PYTHONHASHSEED": "7",
        "TZ": "AWAY+11",
        "LANG": "C",
        "LC_ALL": "C",
    }


FORKED = "from lscb_analysis.__main__ import main; main()"
ORDINARY = f"from lscb_analysis.build.warm import origin; origin.can_fork = lambda: False; {FORKED}"
"""A build whose kernels start as Jupyter starts them, as where none can be forked."""


def made_elsewhere(project, folder, workers, kernels):
    """The pack of a copy of the project in another folder, made by somebody else's settings."""
    day = use_until(EDITION.stem).isoformat()
    for name in ("data", "notebooks"):
        shutil.copytree(project / name, folder / "elsewhere" / name)
    command = [sys.executable, "-c", kernels, "build", "--output", "again", "--workers", str(workers)]
    own = elsewhere(folder) | {"LSCB_PROJECT": str(folder / "elsewhere")}
    subprocess.run([*command, "--date", day], cwd=folder, env=own, check=True)
    return folder / "again"


@pytest.fixture(
    scope="module",
    params=[
        ("pack_of_few", 1, FORKED),
        pytest.param(("pack", 1, FORKED), marks=pytest.mark.whole),
        pytest.param(("pack", 4, ORDINARY), marks=pytest.mark.whole),
    ],
    ids=["few", "all, forked kernels", "all, ordinary kernels"],
)
def twice(request, tmp_path_factory):
    """A copy of a pack to alter, and the same made elsewhere, once; both with a PDF, which is any."""
    (of, workers, kernels), folder = request.param, tmp_path_factory.mktemp("twice")
    pack = request.getfixturevalue(of)
    project = pack.parents[1] if of == "pack_of_few" else pack.parents[1] / "checkout"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(project))
        made_elsewhere(project, folder, workers, kernels)
        shutil.copytree(pack, folder / "altered")
        for name in ("altered", "again"):
            (folder / name / "pack.pdf").write_bytes(b"%PDF-1.7 " + bytes(range(256)))
        yield folder / "altered", folder / "again", recorded_of(pack)


def test_a_pack_made_elsewhere_is_the_same_byte_by_byte(twice):
    copied, again, recorded = twice
    found = compare(copied, again, recorded, list(unlike_here(read_manifest(copied), recorded)))
    assert (found.altered, found.added, found.removed, found.unlike, found.differ) == ([], [], [], [], [])
    assert found.files >= 5 * len(read_manifest(copied).edition.chapters)


def test_every_alteration_is_named(twice):
    copied, again, recorded = twice
    held = partial(compare, copied, again, recorded, [])
    tried = {}
    for altered in alterations(copied):
        path = copied / altered.file
        if altered.content != (path.read_bytes() if path.exists() else None):
            tried.setdefault(altered.kind, []).append(altered)
    chosen = [one for of in tried.values() for one in of[:: max(1, len(of) // OF_A_KIND)][:OF_A_KIND]]
    assert len(chosen) >= 300
    assert len(tried) >= 20
    for kind, file, content in chosen:
        path = copied / file
        before = path.read_bytes() if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if content is None else path.write_bytes(content)
        found = held()
        by = "added" if before is None else "removed" if content is None else "altered"
        assert getattr(found, by) == [file], (kind, file)
        path.unlink() if before is None else path.write_bytes(before)
    assert not held().wrong


def test_a_link_in_place_of_a_file_is_named(twice, tmp_path):
    copied, again, recorded = twice
    page = copied / "index.html"
    page.rename(tmp_path / "index.html")
    page.symlink_to(tmp_path / "index.html")
    assert compare(copied, again, recorded, []).altered == ["index.html"]
    page.unlink()
    (tmp_path / "index.html").rename(page)


def test_where_something_else_is_installed_here_files_are_held_by_the_record_alone(twice):
    """Then what comes out otherwise is named, and is not called altered; and the pack never holds."""
    copied, again, recorded = twice
    recorded = recorded | {"files": recorded["files"] | contents(copied)}
    page = again / "index.html"
    before = page.read_text("utf-8")
    page.write_text(before + " ", "utf-8")
    found = compare(copied, again, recorded, ["pandas is 9, and was 3"])
    assert not found.wrong
    assert found.differ == ["index.html"]
    (copied / "methods.html").write_bytes((copied / "methods.html").read_bytes() + b" ")
    assert compare(copied, again, recorded, ["pandas is 9, and was 3"]).altered == ["methods.html"]
    alone = compare(copied, again, None, [])
    assert alone.altered == ["index.html", "methods.html"]
    assert ["no record here tells when it was built" in reason for reason in alone.unlike] == [True]
    page.write_text(before, "utf-8")
    (copied / "methods.html").write_bytes((copied / "methods.html").read_bytes()[:-1])


def test_the_command_makes_the_pack_again_and_leaves_nothing_behind(project, tmp_path):
    """A draft with a parameter, past its date, and with a PDF where something can print it."""
    keep_only(project, [CARE, "09_child_deaths"])
    asked = Asked([CARE], {"confidence": "0.9"}, bool(CHROMIUM), date(2030, 1, 1))
    folder = build(None, asked, tmp_path / "pack").folder
    kept = sorted(path for path in (project / ".lscb").rglob("*"))
    held = CliRunner().invoke(app, ["verify", str(folder)])
    assert held.exit_code == 0, held.output
    assert "are the same, byte by byte" in held.output
    assert sorted(path for path in (project / ".lscb").rglob("*")) == kept
    page, table = folder / f"{CARE}.html", next(folder.glob("tables/*.csv"))
    page.write_text(page.read_text("utf-8").replace(">rose</data>", ">fell</data>", 1) + " ", "utf-8")
    table.unlink()
    (folder / "more.html").write_text("7")
    wrong = CliRunner().invoke(app, ["verify", str(folder)])
    assert wrong.exit_code == 1
    assert f"Altered: {CARE}.html" in wrong.output
    assert f"Removed: tables/{table.name}" in wrong.output
    assert "Added: more.html" in wrong.output


def test_what_a_pack_was_made_of_and_is_otherwise_here_is_named_and_it_never_holds(project):
    keep_only(project, [CARE])
    folder = build().folder
    recorded, manifest = recorded_of(folder), read_manifest(folder)
    assert list(unlike_here(manifest, recorded)) == []
    of = recorded["made_of"]
    other = {"versions": of["versions"] | {"pandas": "1.0"}, "python": "3.1", "packages": "", "library": ""}
    said = list(unlike_here(manifest, recorded | {"made_of": of | other}))
    assert said[0].startswith("pandas is ")
    assert said[0].endswith(", and was 1.0")
    assert said[1:] == [
        "Python is not the same",
        "the packages installed is not the same",
        "this library is not the same",
    ]
    table = project / DATA / "care_leavers.csv"
    table.write_text(table.read_text("utf-8").replace("67%", "68%").replace(",67,", ",68,"), "utf-8")
    invoked = CliRunner().invoke(app, ["verify", str(folder)])
    assert invoked.exit_code == NOT_VERIFIED
    assert "Not verified: data/southend/care_leavers.csv is not the same." in invoked.output
    assert "byte by byte" not in invoked.output
    (project / "notebooks" / f"{CARE}.ipynb").unlink()
    assert ["cannot be made again here" in reason for reason in verify(folder).unlike] == [True]


def test_a_folder_that_is_no_pack_is_bad_input(tmp_path, monkeypatch, capsys):
    with pytest.raises(NoPackError, match=r"no pack: its manifest.json"):
        verify(tmp_path)
    monkeypatch.setattr("sys.argv", ["lscb", "verify", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "no pack" in capsys.readouterr().err
