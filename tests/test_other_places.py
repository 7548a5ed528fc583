"""Figures of other places and later years in a pack, and areas that were recoded."""

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import EDITION as FILE, copied, keep_only
from test_other_data import alter, built, said

from lscb_analysis.build import builder
from lscb_analysis.build.publication import UnpublishedError
from lscb_analysis.cli import main
from lscb_analysis.data.files import tables

DEATHS = "09_child_deaths"
ESSEX = "shown = pack.others('cla_adopted_percent', areas='all', area_name='Essex')"
CELLS = [
    f"{ESSEX}\nelsewhere = pack.stated(shown)",
    "lscb.sentences.latest(elsewhere)",
    "lscb.charts.line(elsewhere)",
    "lscb.tabulate.rows(elsewhere)",
]
LATER = (
    "later = lscb.load('dfe_looked_after', area_name=pack.area, measure='cla_at_31_march')\n"
    "lscb.tabulate.rows(pack.stated(later))"
)


def add_cells(project, *sources):
    path = project / "notebooks" / f"{DEATHS}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for at, source in enumerate(sources):
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"added-{at}"))
    nbformat.write(notebook, path)


def add_a_year(rows):
    """The rows, and those of 2018 once more as of 2019."""
    later = rows[rows["time_period"] == "2018"].replace("2018-03-31", "2019-03-31").assign(time_period="2019")
    return pd.concat([rows, later.replace("2017-04-01", "2018-04-01")])


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = copied(tmp_path / "project", [DEATHS])
    monkeypatch.setenv("LSCB_PROJECT", str(folder))
    monkeypatch.setattr(builder, "MOST_FAULTS", 100)
    return folder


def test_another_areas_figures_are_refused_with_page_and_sentence_unless_the_edition_declares_it(project):
    add_cells(project, *CELLS)
    with pytest.raises(UnpublishedError) as refused:
        builder.build()
    faults = str(refused.value)
    figure = "value, cla_adopted_percent, Total, E10000012, 2017-04-01/2018-03-31"
    why = f"{figure} is of an area that is neither Southend-on-Sea nor one of the edition's comparators. "
    assert f"{DEATHS}.html: In Essex, the share of " in faults
    row = f"tables/{DEATHS}-cla-adopted-percent-figures.csv: Essex, cla_adopted_percent, Total, 2018"
    assert f"{row}\n  {why}" in faults
    assert "The numbers are in the table below.\n  value, " in faults  # of the chart
    assert faults.count(why) >= 8
    assert not (project / "reports" / "southend-2017-19").exists()
    path = project / FILE  # which names its comparators by their codes
    path.write_text(path.read_text("utf-8").replace("comparators = [", 'comparators = ["Essex",'), "utf-8")
    page = BeautifulSoup((builder.build().folder / f"{DEATHS}.html").read_text("utf-8"), "html.parser")
    assert "In Essex, the share of children leaving our care who were adopted was 16%" in said(page)


def test_a_later_periods_figures_are_refused_unless_the_report_itself_says_them(project):
    """The deaths of the chapter itself are of January 2019, and its report says so."""
    alter(project, "dfe_looked_after", add_a_year)
    alter(project, "child_protection_plans", add_a_year)
    plans = LATER.replace("dfe_looked_after", "child_protection_plans").replace("cla_at", "cpp_at")
    add_cells(project, LATER, plans)
    edition = project / FILE
    compared = edition.read_text("utf-8")
    counts = '{ table = "child_protection_plans", measure = "cpp_at_31_march", source = "report-5.2-plans" }'
    totals = '{ table = "population", source = "dfe-cin-2020-population" }'
    rate = '{ table = "child_protection_plans", measure = "cpp_rate" }'
    compared += f'\n[[comparisons]]\nquestion = "plans"\nchapter = "{DEATHS}"\nmethod = "rate"\n'
    compared += f"counts = {counts}\ntotals = {totals}\nprinted = {rate}\n"
    edition.write_text(compared, "utf-8")
    with pytest.raises(UnpublishedError) as refused:
        builder.build()
    faults = str(refused.value)
    why = "is of a period to 2019-03-31, after the latest of the edition (2018). Take it out: only what the "
    for csv, measure in (("cla", "cla_at_31_march"), ("cpp", "cpp_at_31_march")):
        where = f"tables/{DEATHS}-{csv}-at-31-march-figures.csv: Southend-on-Sea, {measure}, Total, 2019"
        assert f"{where}\n  value, {measure}, Total, E06000033, 2019-03-31 {why}" in faults
    assert "2019-01-30" not in faults


def recoded(rows):
    """Rows of the real Dorset's name and codes, the old one until March 2017."""
    if "area_code" not in rows:
        return rows
    rows = rows[rows["area_name"] != "Dorset"]
    rows.loc[rows["area_name"] == "Southend-on-Sea", ["area_code", "area_name"]] = ["E06000059", "Dorset"]
    early = (rows["area_name"] == "Dorset") & (rows["period_end"] < "2017-04-01")
    rows.loc[early, "area_code"] = "E10000009"
    return rows


OTHER = "a different area under the same name (E10000009 before, E06000059 now)"


def keep_for_dorset(project, chapters):
    keep_only(project, chapters)
    path = project / FILE
    path.write_text(path.read_text("utf-8").replace('area = "Southend-on-Sea"', 'area = "Dorset"'), "utf-8")


@pytest.mark.whole
def test_an_area_that_was_recoded_is_published_and_not_compared_with_both_codes(project, monkeypatch):
    for name in set(tables()) - {"simulated_alarms"}:
        alter(project, name, recoded)
    monkeypatch.setattr("test_other_data.keep_only", keep_for_dorset)
    pages = built(project, "00_board_summary", "03_primary_need", "05_child_protection", "08_care_leavers")
    summary, plans = said(pages["00_board_summary"]), said(pages["05_child_protection"])
    assert "This pack makes 6 comparisons: 6 could not be compared." in summary
    assert (
        f"Children who were the subject of a child protection plan: not compared, because there is {OTHER}"
        in summary
    )
    assert f"Verdict: not compared, because there is {OTHER}." in plans
    assert f"Verdict on the mix: not compared, because there is {OTHER}." in plans
    assert "was 116 at 31 March 2018; the figure at 31 March 2017 is of another area of that name." in plans
    assert (
        "Dorset (E10000009), 31 March 2017: 56.7. Child protection plans, Dorset (E06000059), 31 March"
        in plans
    )
    assert " rose from " not in plans
    assert " fell from " not in plans


def beside(rows):
    """Rows, and those of the edition's area once more as Thurrock's."""
    own = rows[rows["area_name"] == "Southend-on-Sea"]
    return pd.concat([rows, own.assign(area_code="E06000034", area_name="Thurrock")])


def checked(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["lscb", "check"])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0, capsys.readouterr().err


@pytest.mark.whole
def test_the_departments_rows_of_other_authorities_change_no_page(project, monkeypatch, capsys):
    """Data quality, which holds all figures against each other, is of the edition's own area."""
    before = said(built(project, DEATHS, "15_data_quality")["15_data_quality"])
    for name in ("dfe_looked_after", "dfe_plans_starting", "dfe_referrals"):
        alter(project, name, beside)
    assert checked(monkeypatch, capsys) == (0, "")
    after = said(built(project, DEATHS, "15_data_quality")["15_data_quality"])
    assert after == before
