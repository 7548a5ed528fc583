"""Years that do not begin in April, quarters and months are rows of data: editions on them are built."""

import re

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, DICTIONARY as SHARED, EDITION, copied

from lscb_analysis.build.builder import build
from lscb_analysis.data.files import check, last_day, load
from lscb_analysis.data.schema import COLUMNS, DICTIONARY, TEXTS
from lscb_analysis.editions.edition import EditionError, read_edition
from lscb_analysis.editions.verdicts import verdict_table

CHAPTER = "01_conferences"
SOURCE = "report-5.2-conferences"
CELLS = [
    "import lscb_analysis as lscb",
    "pack = lscb.open_edition(edition, instead)",
    "series, verdict = pack.estimates('timely'), pack.verdicts('timely')",
    "lscb.sentences.change(verdict)",
    "lscb.sentences.verdict(verdict)",
    "lscb.charts.line(series, verdicts=verdict)",
    "lscb.tabulate.rows(series)",
    "lscb.tabulate.verdicts(verdict, series)",
]
PARAMETERS = "\n".join(
    [
        'edition: str = "invented"  # the edition',
        'instead: str = ""  # values to try in place of the edition\'s',
    ]
)

YEARS = {
    "calendar": "academic year",
    "periods": (2017, 2018),
    "rows": [
        ("2017", "Academic year", "2016-09-01", "2017-08-31", 150, 200),
        ("2018", "Academic year", "2017-09-01", "2018-08-31", 90, 200),
    ],
    "said": ["fell from 75.0% in the year ending 31 August 2017 to 45.0%", "2016 to 2017"],
}
QUARTERS = {
    "calendar": "financial quarter",
    "periods": ("2018 Financial year Q1", "2018 Financial year Q2"),
    "rows": [
        ("2018", "Financial year Q4", "2018-01-01", "2018-03-31", 20, 100),
        ("2018", "Financial year Q1", "2018-04-01", "2018-06-30", 80, 100),
        ("2018", "Financial year Q2", "2018-07-01", "2018-09-30", 45, 100),
        ("2018", "Financial year Q3", "2018-10-01", "2018-12-31", 70, 100),
    ],
    "said": ["fell from 80.0% in the quarter ending 30 June 2018 to 45.0%", "April to June 2018"],
}


def invented(folder, calendar, periods, rows, **_):
    """A project with an edition on `rows` of conferences, in time and in all, and with a single chapter."""
    copied(folder, [])
    for path in (folder / DATA).glob("*.csv"):
        if path.stem not in (*DICTIONARY, *TEXTS):
            path.unlink()
    place = {"geographic_level": "Local authority", "area_code": "E06000033", "area_name": "Southend-on-Sea"}
    rest = {"category": "Total", "qualifier": "", "source": SOURCE}
    figures = [
        dict(zip(COLUMNS, row[:4], strict=False)) | place | rest | {"measure": of, "value": n, "printed": n}
        for row in rows
        for of, n in zip(("icpc_in_time", "icpc"), row[4:], strict=True)
    ]
    pd.DataFrame(figures)[COLUMNS].to_csv(folder / DATA / "conferences.csv", index=False)
    for path in (folder / "notebooks").glob("*.ipynb"):
        path.unlink()
    heading = [
        nbformat.v4.new_markdown_cell("# Conferences\n\nHow many are held in time?", id="title"),
        nbformat.v4.new_code_cell(PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}),
    ]
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(CELLS)]
    question = nbformat.v4.new_markdown_cell("## Are conferences held in time?", id="question")
    notebook = nbformat.v4.new_notebook(cells=[*heading, *cells[:3], question, *cells[3:]])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(notebook, folder / "notebooks" / f"{CHAPTER}.ipynb")
    words = (folder / EDITION).read_text("utf-8").partition("[notes]")[0]
    words = re.sub(r"(?m)^previous = .*$", f"calendar = {calendar!r}\nprevious = {periods[0]!r}", words)
    words = re.sub(r"(?m)^latest = .*$", f"latest = {periods[1]!r}", words)
    words = re.sub(r"(?ms)^report = .*?$|^comparators = \[.*?^\]", "", words)
    words = words.replace("chapters = []", f"chapters = [{CHAPTER!r}]")
    asked = [
        "[[comparisons]]\nquestion = 'timely'\nmethod = 'proportion'",
        f"chapter = {CHAPTER!r}",
        "counts = { table = 'conferences', measure = 'icpc_in_time' }",
        "totals = { table = 'conferences', measure = 'icpc' }",
    ]
    (folder / EDITION).unlink()
    (folder / EDITION).with_name("invented.toml").write_text("\n".join([words, *asked]), "utf-8")


@pytest.mark.parametrize("case", [YEARS, QUARTERS], ids=["academic years", "quarters"])
def test_an_edition_in_another_calendar_is_built_and_all_that_it_says_holds(case, tmp_path, monkeypatch):
    invented(tmp_path / "project", **case)
    monkeypatch.setenv("LSCB_PROJECT", str(tmp_path / "project"))
    assert check() == []
    (row,) = verdict_table(read_edition("invented")).to_dict("records")
    counts = [row["numerator_before"], row["numerator"], row["verdict"]]
    assert counts == [*(of[4] for of in case["rows"] if of[1:4] in compared(case)), "worse"]
    made = build("invented")
    assert not made.failed, [chapter.error for chapter in made.failed]
    page = BeautifulSoup((made.folder / f"{CHAPTER}.html").read_text("utf-8"), "html.parser")
    words = " ".join(page.main.get_text().split())
    assert [said for said in case["said"] if said not in words] == [], words


def compared(case):
    """The kind and the dates of the two periods that a case compares."""
    ends = [
        last_day(f"{period} Academic year" if isinstance(period, int) else period)
        for period in case["periods"]
    ]
    return [of[1:4] for of in case["rows"] if pd.Timestamp(of[3]) in ends]


@pytest.fixture
def _quarters(tmp_path, monkeypatch):
    invented(tmp_path / "project", **QUARTERS)
    monkeypatch.setenv("LSCB_PROJECT", str(tmp_path / "project"))


@pytest.mark.usefixtures("_quarters")
def test_a_table_is_read_until_the_end_of_a_quarter():
    kept = load("conferences", until="2018 Financial year Q2", measure="icpc")
    assert list(kept["time_identifier"]) == ["Financial year Q4", "Financial year Q1", "Financial year Q2"]


@pytest.mark.usefixtures("_quarters")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"latest": 2018},
            "of the calendar 'financial quarter'. Write '2018 Financial year Q1'",
        ),
        ({"latest": "2018 Academic year Q2"}, "'2018 Academic year Q2' is no period of the calendar"),
        ({"latest": "2018 Financial year Q4"}, r"(2018 Financial year Q1) is not before latest"),
        ({"calendar": "financial quarters"}, "no calendar. Did you mean 'financial quarter'?"),
    ],
)
def test_a_period_that_its_calendar_has_not_is_refused_in_words(changed, said):
    with pytest.raises(EditionError, match=re.escape(said)):
        read_edition("invented", **changed)


def test_each_kind_of_period_has_one_entry_and_the_project_one_calendar_for_those_it_uses():
    calendars = pd.read_csv(CHECKOUT / SHARED / "calendars.csv", dtype=str, keep_default_na=False)
    assert {"Academic year", "Financial year Q1", "March", "Day"} <= set(calendars["identifier"])
    assert f"{last_day('2018 Academic year'):%Y-%m-%d}" == "2018-08-31"
    assert f"{last_day('2018 Academic year Q2'):%Y-%m-%d}" == "2018-02-28"
    assert f"{last_day('2016 February'):%Y-%m-%d}" == "2016-02-29"
    assert f"{last_day(2018):%Y-%m-%d}" == "2018-12-31"
    with pytest.raises(ValueError, match="is no period"):
        last_day("2018 Lunar year")
