"""No comparison is lost in silence: a build names each that is not made, what it lacks, and what it was.

The figures are altered, so what the pages then say is invented.
"""

import json
import re
import shutil

import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, EDITION, copied, only
from test_cli import run_on
from test_other_data import alter

from lscb_analysis.cli import main
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table

SUMMARY = "00_board_summary"

POPULATION = "no population behind the earlier figure"
LOST = {
    "plans": f"{POPULATION}, and no number behind the later figure: its source gives none",
    "conferences": "no single total that fits the later figure as printed",
    "abuse": "no figure for the later period: its source withholds it",
    "looked_after": f"{POPULATION}, and no number behind the later figure",
    "adopted": "no number behind the earlier figure: its source withholds it, "
    "and no total behind the later figure",
    "children_in_need": "a figure printed for the later period that its numbers do not give",
    "referrals": "no figure for the earlier period: it has no row",
    "care_leavers_17_18": "no number behind the earlier figure",
}
"""What each comparison lacks that is not made once `lose` has been at the data."""


TABLES = [
    *("population", "child_protection_plans", "conferences", "categories_of_abuse", "dfe_plans_starting"),
    *("dfe_looked_after", "children_looked_after", "leaving_care", "dfe_leaving_care", "children_in_need"),
    *("primary_need", "dfe_primary_need", "referrals", "dfe_referrals", "care_leavers", "dfe_care_leavers"),
]
"""The tables that the comparisons take: others would be checked by each build, and say nothing here."""


def every_question_on_the_summary(project):
    path = project / EDITION
    head, *asked = path.read_text("utf-8").replace("easy_read = true\n", "").split("[[comparisons]]")
    head = re.sub(r"(?ms)^chapters = \[.*?\]", f'chapters = ["{SUMMARY}"]', head)
    asked = [re.sub(r'chapter = ".*?"', f'chapter = "{SUMMARY}"', one) for one in asked]
    path.write_text("[[comparisons]]".join([head, *asked]), "utf-8")


def at(rows, period, **where):
    chosen = rows["time_period"] == period
    for column, wanted in where.items():
        chosen &= rows[column] == wanted
    return chosen


def without(period, **where):
    return lambda rows: rows[~at(rows, period, **where)]


def written(value, period, **where):
    def altered(rows):
        rows.loc[at(rows, period, **where), ["value", "printed", "qualifier"]] = [value, value, ""]
        return rows

    return altered


def lose(project):
    """Lose in the data what each comparison of `LOST` stands on, and a question in the edition."""
    alter(project, "population", without("2016"))
    alter(project, "child_protection_plans", written("x", "2018", measure="cpp_at_31_march"))
    alter(project, "dfe_looked_after", without("2018", measure="cla_at_31_march"))
    alter(project, "children_in_need", written("300", "2018", measure="cin_rate"))
    alter(project, "conferences", written("1.0", "2018", measure="icpc_in_time"))
    alter(project, "dfe_leaving_care", without("2018"))
    for name in ("categories_of_abuse", "dfe_plans_starting"):
        alter(project, name, written("c", "2018"))
    for name in ("referrals", "dfe_referrals"):
        alter(project, name, without("2017"))
    path = project / EDITION
    head, *asked = path.read_text("utf-8").split("[[comparisons]]")
    kept = [one for one in asked if '"care_leavers_19_21"' not in one]
    path.write_text("[[comparisons]]".join([head, *kept]), "utf-8")


def run(project):
    """Build by the command: the exit status, what is said and what is logged."""
    log = project / "log.jsonl"
    log.unlink(missing_ok=True)
    said = run_on(project, "build", "--log", str(log))
    return *said, [json.loads(line) for line in log.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """A project with its pack, then that pack without what its comparisons stand on; both builds."""
    project = copied(tmp_path_factory.mktemp("lost") / "project", [SUMMARY])
    shutil.copyfile(CHECKOUT / EDITION, project / EDITION)
    every_question_on_the_summary(project)
    only(project, *TABLES)
    first = run(project)
    lose(project)
    return project, first, run(project)


def told(events):
    return {event["question"]: event for event in events if event["event"] == "not compared"}


def test_what_is_not_compared_is_named_with_what_is_missing_by_the_build_and_the_log(builds):
    _, (status, out, err, events), _ = builds
    assert (status, err) == (0, "")
    assert told(events).keys() == {"care_leavers_17_18", "care_leavers_19_21", "adopted"}
    assert (
        "Not compared: adopted of 00_board_summary, because there is no number behind the earlier figure: "
        "its source withholds it (2017 in data/southend/leaving_care.csv).\n"
    ) in out


def test_each_comparison_that_is_lost_is_named_with_what_it_lacks_and_where(builds):
    _, _, (status, out, err, events) = builds
    assert status == 0, err
    assert {question: event["reason"] for question, event in told(events).items()} == LOST
    assert told(events)["plans"]["missing"] == [
        "2017 in data/southend/population.csv", "2018 in data/southend/child_protection_plans.csv",
    ]  # fmt: skip
    assert all(event["reason"] in out + err for event in told(events).values())


def test_what_was_compared_in_the_pack_that_stands_is_told_with_its_verdict(builds):
    _, _, (_, out, err, events) = builds
    stood = {question: event["stood"] for question, event in told(events).items() if event["stood"]}
    assert stood == {
        "plans": "lower", "conferences": "better", "abuse": "too few to tell", "referrals": "changed",
        "looked_after": "too few to tell", "children_in_need": "too few to tell",
    }  # fmt: skip
    lines = {line for line in err.splitlines() if "In the pack that stands it came to" in line}
    assert len(lines) == len(stood) + 1
    assert next(line for line in lines if "conferences" in line).endswith(
        "(2018 in data/southend/conferences.csv). In the pack that stands it came to: better."
    )
    assert not any("In the pack that stands" in line for line in out.splitlines())


def test_a_question_that_the_edition_asks_no_longer_is_named(builds):
    _, _, (_, _, err, events) = builds
    assert [event["question"] for event in events if event["event"] == "no longer asked"] == [
        "care_leavers_19_21"
    ]
    assert "The edition no longer asks care_leavers_19_21. In the pack that stands it came to: not" in err


def test_page_and_manifest_give_the_same_reason_as_the_build(builds):
    project, _, (_, _, _, events) = builds
    pack = project / "reports" / "southend-2017-19"
    page = BeautifulSoup((pack / f"{SUMMARY}.html").read_text("utf-8"), "html.parser")
    lines = [" ".join(item.get_text().split()) for item in page.select("ul.findings li")]
    for event in told(events).values():
        assert any(line.endswith(f"not compared, because there is {event['reason']}.") for line in lines)
    said = json.loads((pack / "manifest.json").read_text("utf-8"))["comparisons"]
    assert said["primary_need"] == "too few to tell"
    assert said["abuse"] == f"not compared: {LOST['abuse']}"


def test_check_names_what_is_not_compared_as_the_build_does_and_ends_well(builds, monkeypatch, capsys):
    project, _, (_, _, _, events) = builds
    monkeypatch.setenv("LSCB_PROJECT", str(project))
    monkeypatch.setattr("sys.argv", ["lscb", "check"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    out, err = capsys.readouterr()
    noted = [line for line in out.splitlines() if line.startswith(f"Note: {EDITION.name}: Not compared: ")]
    assert (len(noted), err) == (len(told(events)), "")
    for question, event in told(events).items():
        assert any(f"{question} of {SUMMARY}, because there is {event['reason']}" in line for line in noted)


@pytest.mark.parametrize(
    ("table", "altered", "named"),
    [
        ("dfe_plans_starting", without("2018", category="Neglect"), "abuse: no row for Neglect in 2018"),
        (
            "conferences",
            lambda rows: rows[rows["measure"] != "icpc_in_time"],
            "'icpc_in_time' is not in this table, and southend-2017-19 takes it as the counts of 'confer",
        ),
        (
            "population",
            None,
            "'population' is not a table of data/southend/, and southend-2017-19 takes it as the totals of",
        ),
    ],
)
def test_a_comparison_whose_table_rows_or_category_are_gone_is_refused_by_name(
    project, table, altered, named
):
    only(project, *TABLES)
    if altered:
        alter(project, table, altered)
    else:
        (project / DATA / f"{table}.csv").unlink()
    with pytest.raises(ValueError, match=named):
        verdict_table(read_edition(EDITION.stem))
