"""The analyst's way in: names in groups, an example for each, and first attempts answered in a line."""

from __future__ import annotations

import ast
import copy
import doctest
import inspect
import pickle
import re
import subprocess
import sys
from importlib import import_module
from pydoc import plain, render_doc

import pandas as pd
import pytest
from conftest import CHECKOUT
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import lscb_analysis as lscb
from lscb_analysis.doors import names
from lscb_analysis.editions.opened import Pack
from lscb_analysis.errors import InputError, MisuseError
from lscb_analysis.release import Release

EDITION = "southend-2017-19"
PACKAGE = CHECKOUT / "src" / "lscb_analysis"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
GROUPS = {group: found for group, found in names().items() if group}


def methods(of):
    return {name: value for name, value in vars(of).items() if not name.startswith("_")}


def public():
    """Everything that an analyst reaches by Tab, with how it is typed."""
    found = {f"lscb.{name}": getattr(lscb, name) for name in names()[""]}
    for group, own in GROUPS.items():
        found |= {f"lscb.{group}.{name}": getattr(getattr(lscb, group), name) for name in own}
    found |= {f"pack.{name}": method for name, method in methods(Pack).items()}
    return found | {f"release.{name}": method for name, method in methods(Release).items()}


PUBLIC = public()


@pytest.fixture(scope="module")
def pack():
    return lscb.open_edition(EDITION)


@pytest.fixture(scope="module")
def loaded():
    return lscb.load("child_protection_plans")


@pytest.mark.parametrize("typed", PUBLIC)
def test_every_public_name_has_an_example_that_runs_as_it_is_printed(typed, pack, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    known = {"lscb": lscb, "pack": pack, "pd": pd}
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(PUBLIC[typed]), known, typed, None, None)
    assert example.examples, f"{typed} has no example: add one of 1 to 4 lines, with >>> before it"
    assert typed.split(".")[-1] in "".join(one.source for one in example.examples) or typed == "lscb.Release"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=said.append)
    assert not said, "".join(said)


def test_an_example_that_is_wrong_is_seen():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=[].append).failed == 1


def test_at_the_top_stand_a_dozen_names_and_the_groups_and_no_name_twice():
    assert dir(lscb) == sorted([*names()[""], *GROUPS])
    assert len(names()[""]) == 12
    assert [*GROUPS] == ["charts", "quality", "records", "sentences", "statistics", "tabulate"]
    for group in GROUPS:
        assert dir(getattr(lscb, group)) == names()[group]
        assert not {*names()[""]} & {*names()[group]}, group


def test_a_name_that_two_groups_have_speaks_of_the_same_thing():
    """What is drawn, said and shown as a table may share its name; nothing else does."""
    shows = {name for group in ("charts", "sentences", "tabulate") for name in names()[group]}
    others = [name for group in ("statistics", "records", "quality") for name in names()[group]]
    assert len(others) == len({*others})
    both = shows & {*others, *names()[""]}
    assert both == {"findings", "on_costs"}  # a table of findings, a sentence on on-costs


def test_importing_the_package_and_looking_at_its_groups_imports_no_pandas():
    code = (
        "import sys, lscb_analysis as lscb\n"
        "dir(lscb), dir(lscb.charts), dir(lscb.sentences), dir(lscb.statistics), lscb.charts.__doc__\n"
        "print([name for name in ('pandas', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_is_two_screens_made_from_the_groups():
    shown = plain(render_doc(lscb))
    told = shown[shown.index("DESCRIPTION") : shown.index("PACKAGE CONTENTS")]
    lines = told.splitlines()
    assert 30 <= len(lines) <= 55
    assert max(map(len, lines)) <= 115
    for typed in ("lscb.tables()", "lscb.open_edition(", "pack.protect(frame)"):
        assert typed in told
    for group, own in GROUPS.items():
        assert f"lscb.{group} " in told
        assert {*own} <= {*re.findall(r"\w+", told)}, group
    assert {*names()[""]} <= {*re.findall(r"lscb\.(\w+)", told)}


def test_a_group_says_the_same_of_itself_in_its_module_and_in_its_stub():
    for group in GROUPS:
        place = PACKAGE / group
        stub = place / "__init__.pyi" if place.is_dir() else place.with_suffix(".pyi")
        said = ast.get_docstring(ast.parse(stub.read_text("utf-8")))
        assert import_module(f"lscb_analysis.{group}").__doc__ == said


def test_the_tables_of_the_board_and_of_the_dictionary_are_listed():
    tables = lscb.tables().set_index("table")
    plans = tables.loc["child_protection_plans"]
    rows = pd.read_csv(CHECKOUT / "data" / "southend" / "child_protection_plans.csv")
    assert plans["rows"] == len(rows)
    assert plans["years"] == f"{rows['time_period'].min()} to {rows['time_period'].max()}"
    assert plans["holds"].startswith("Children who were the subject of a child protection plan")
    assert plans["access"] == "published"
    assert "annual report, section 5.2" in plans["sources"]
    assert not {"measures", "facts", "glossary"} & {*tables.index}  # files of words are no tables
    assert (
        "cla_at_31_march"
        in pd.read_csv(CHECKOUT / "data" / "dictionary" / "measures.csv")["measure"].tolist()
    )
    dictionary = lscb.tables("dictionary").set_index("table")
    assert "title" in dictionary.loc["measures", "holds"]
    with pytest.raises(InputError, match=r"'nowhere' is no board's folder in data/\. There is: southend"):
        lscb.tables("nowhere")


TAKES = {typed: inspect.signature(one).parameters for typed, one in PUBLIC.items() if callable(one)}
SHOWING = [
    typed
    for typed, takes in TAKES.items()
    if typed.startswith(tuple(f"lscb.{group}." for group in ("charts", "sentences", "tabulate")))
    and any(str(parameter.annotation).startswith("Release") for parameter in takes.values())
]


@pytest.mark.parametrize("typed", SHOWING)
def test_what_shows_answers_a_frame_in_one_line(typed, loaded):
    given = [loaded for one in TAKES[typed].values() if one.kind is not one.KEYWORD_ONLY]
    with pytest.raises(MisuseError, match=r"protect it first: pack\.protect\(frame\)") as error:
        PUBLIC[typed](*given)
    assert isinstance(error.value, TypeError)
    assert "\n" not in str(error.value)


def test_most_of_what_shows_takes_releases():
    assert len(SHOWING) > 35


FIRST = {  # what a user of pandas types first, and what it returns or answers
    "df = lscb.load('child_protection_plans'); df.head()": pd.DataFrame,
    "df[df['value'] > 100]": pd.DataFrame,
    "pd.read_csv('data/southend/child_protection_plans.csv')": pd.DataFrame,
    "df.plot(x='time_period', y='value')": object,
    "len(release)": 3,
    "lscb.compare(rates, '2017', 2018)": pd.DataFrame,
    "lscb.count(pd.read_csv('data/southend/referrals.csv'))": (
        "lscb.count: there is no column counted, unit, status. Read its table by name, as lscb.load(name); "
        "lscb.tables() lists them."
    ),
    "lscb.charts.line(df)": (
        "lscb.charts.line: release is a frame; protect it first: pack.protect(frame), or "
        "pack.stated(frame) of loaded rows."
    ),
    "lscb.charts.line(pack.protect(df))": (
        "lscb.charts.line: there is no column upper. Make estimates of the rows first: "
        "pack.stated(frame) for figures as printed, or pack.count, pack.percentage, lscb.rate."
    ),
    "release['value']": (
        "A release is to be shown, and its figures are a frame in it: type release.frame['value']."
    ),
    "release[rates['value'] > 30]": (
        "A release is to be shown, and its figures are a frame in it: type release.frame[…]."
    ),
    "release.head()": (
        "A release is to be shown, and its figures are a frame in it: type release.frame.head, as of "
        "any frame."
    ),
    "release.to_excel('figures.xlsx')": (
        "A release is to be shown, and its figures are a frame in it: type release.frame.to_excel, as"
        " of any frame."
    ),
    "release.to_csv('figures.csv')": (
        "A release is to be shown, and its figures are a frame in it: type release.frame.to_csv, as "
        "of any frame."
    ),
    "release.values_of": "A release has no 'values_of': it has frame, rule and only.",
    "release.only(measures='cpp_rate')": "A release has no column 'measures'. Did you mean measure?",
    "lscb.load(time_period=[2017, 2018])": (
        "lscb.load: missing a required argument: 'table'. Type lscb.load(table, until, board, "
        "**where); lscb.load? says more."
    ),
    "lscb.load('conferences', time_period=[2017, 2018])": (
        "time_period takes one value. Load all rows, and choose of them: "
        "rows[rows['time_period'].isin([2017, 2018])]."
    ),
    "pack.load('cla_ceased', time_period=range(2017, 2019))": (
        "time_period takes one value. Load all rows, and choose of them: "
        "rows[rows['time_period'].isin(range(2017, 2019))]."
    ),
    "pack.load(['cla_ceased', 'cla_rate'])": (
        "Names are given one by one, not as a list: (*names), or (name, other)."
    ),
    "lscb.load('conferences', area_name='Southend')": (
        "data/southend/conferences.csv, column area_name: 'Southend' is not in this table. Did you "
        "mean 'Southend-on-Sea'?"
    ),
    "lscb.load('plan')": (
        "data/southend/plan.csv: 'plan' is not a table of data/southend/. Did you mean "
        "'child_protection_plans' or 'dfe_plans_starting'?"
    ),
    "lscb.compare(rates, 2018, 2017)": "2018 is later than 2017: give the earlier period first.",
    "lscb.rate(df)": (
        "lscb.rate: missing a required argument: 'population'. Type lscb.rate(counts, population, "
        "per, confidence); lscb.rate? says more."
    ),
    "lscb.rate(df, 39115)": "lscb.rate: population has to be a DataFrame, and is 39115.",
    "lscb.rate(release, df)": (
        "lscb.rate: counts is a release, and a frame is asked for: give release.frame."
    ),
    "lscb.quality.findings(pack)": (
        "lscb.quality.findings: edition is a pack, and an edition is asked for: give pack.edition."
    ),
    "lscb.sentences.comparisons(pack.verdicts(), 'worse')": (
        "Comparisons came to changed, unclear, not compared, and not to 'worse'."
    ),
    "lscb.sentences.found(release)": (
        "lscb.sentences.found says what lscb.versions, findings, fits, standing, … returned; this release "
        "is of none of them. Type lscb.sentences.latest(release), or lscb.sentences. and Tab."
    ),
    "lscb.describe_change": "There is no lscb.describe_change. Did you mean lscb.sentences.change?",
    "lscb.line_chart": "There is no lscb.line_chart. Did you mean lscb.charts.line?",
    "lscb.table(df)": (
        "There is no lscb.table. Did you mean lscb.tabulate. and Tab (by_area, by_measure, by_period,"
        " changes, checks, findings, marks, rows, verdicts)?"
    ),
    "lscb.charts.pie(release)": (
        "There is no lscb.charts.pie. There is: bar, beside, change, line, marks, part, scores, two_points."
    ),
    "pack.figures": (
        "A pack has no 'figures'. There is: area, before, beside, change, count, declared, estimates, "
        "histories, latest, listed, load, mix_changes, now, others, percentage, previous, protect, rest, "
        "said, stated, totals, verdicts."
    ),
    "pack.estimate": "A pack has no 'estimate'. Did you mean estimates?",
}


@pytest.mark.parametrize("typed", FIRST)
def test_a_first_attempt_works_or_is_answered_in_a_line(typed, pack, loaded, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    release = pack.estimates("plans")
    known = {"lscb": lscb, "pack": pack, "pd": pd, "df": loaded, "release": release, "rates": release.frame}
    *before, last = typed.split("; ")
    exec("; ".join(before), known)
    answer = FIRST[typed]
    if isinstance(answer, str):
        with pytest.raises(InputError) as error:
            eval(last, known)
        assert str(error.value) == answer
        assert error.value._render_traceback_()[0].endswith(answer)  # a notebook shows no traceback
    elif isinstance(answer, type):
        assert isinstance(eval(last, known), answer)
    else:
        assert eval(last, known) == answer


def test_a_release_is_copied_pickled_and_asked_for_what_it_has_not_as_any_object(pack):
    release = pack.estimates("plans")
    again = pickle.loads(pickle.dumps(copy.copy(release)))
    assert (again.rule, len(again)) == (release.rule, 3)
    assert not hasattr(release, "head")
    assert not hasattr(lscb, "_repr_html_")


def test_tab_in_a_notebook_shows_what_is_for_the_analyst(pack):
    completer = InteractiveShell.instance().Completer
    completer.namespace.update(lscb=lscb, pack=pack)
    with provisionalcompleter():
        for group, own in GROUPS.items():
            typed = f"lscb.{group}."
            assert [found.text for found in completer.completions(typed, len(typed))] == own
        at_top = {found.text for found in completer.completions("lscb.", 5)}
        of_pack = {found.text for found in completer.completions("pack.", 5)}
    assert {one for one in at_top if not one.startswith("_")} == {*dir(lscb)}
    assert of_pack == {*methods(Pack), "edition"}


def test_every_public_name_answers_a_question_of_the_page_and_no_other_stands_there():
    page = (CHECKOUT / "docs" / "functions.md").read_text("utf-8")
    table = "".join(line for line in page.splitlines(keepends=True) if line.startswith("| "))
    named = {*re.findall(r"\b(?:lscb(?:\.\w+)+|pack\.\w+|release\.\w+)", table)}
    assert named - {"pack.edition"} == {*PUBLIC}


@pytest.mark.parametrize("page", ["README.md", "docs/analyst.md", "docs/design.md", "docs/ratings.md"])
def test_what_other_pages_say_to_type_is_there(page):
    said = re.findall(r"\blscb((?:\.[a-z]\w*)+)", (CHECKOUT / page).read_text("utf-8"))
    assert said
    for typed in said:
        found = lscb
        for name in typed[1:].split("."):
            found = getattr(found, name)
