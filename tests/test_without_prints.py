"""An edition without printed rates or percentages: counts and totals give them, and the pack says so."""

import re
import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, DICTIONARY, EDITION, keep_only, only
from test_other_data import alter, said

import lscb_analysis as lscb
from lscb_analysis.build.builder import build
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table

NOTE = "this pack works these figures out from the numbers; they are not copied from the source."
SUMMARY = "00_board_summary"


def without_prints(project):
    """Take `printed` out of each comparison that has counts and totals, and return their questions."""
    path = project / EDITION
    head, *asked = path.read_text("utf-8").split("[[comparisons]]")
    bare = [re.sub(r"(?m)^printed = .*\n", "", one) if "\ntotals = " in one else one for one in asked]
    path.write_text("[[comparisons]]".join([head, *bare]), "utf-8")
    return [re.search(r'question = "(.*?)"', one)[1] for one in asked if "\ntotals = " in one]


def test_without_prints_every_comparison_comes_to_the_same_verdict(project):
    shutil.copyfile(CHECKOUT / EDITION, project / EDITION)
    as_printed = verdict_table(read_edition(EDITION.stem)).set_index("question")
    assert len(without_prints(project)) == 9
    made = verdict_table(read_edition(EDITION.stem)).set_index("question")
    told = as_printed.index[as_printed["p_value"].notna()]
    same = ["measure", "verdict", "p_value", "unit", "polarity"]
    assert made.loc[told, same].equals(as_printed.loc[told, same])
    assert (made.loc[as_printed.index.difference(told), "verdict"] == "not compared").all()
    assert made.at["care_leavers_19_21", "reason"] == "no number behind the earlier figure"


def test_without_print_and_totals_a_comparison_is_refused(project):
    path = project / EDITION
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(?m)^printed = .*icpc_in_time_percent.*\n", "", text), "utf-8")
    with pytest.raises(ValueError, match="conferences has neither totals nor printed: give one of them"):
        read_edition(EDITION.stem)


def newest(shared, project):
    """Put into a project Southend's numbers of the release of 2024 to 2025, which prints no rates."""
    folder = shared / "dfe/children-in-need/2024-25"
    files = {
        "children_in_need": ("b1_children_in_need_2013_to_2025.csv", "cin_at_31_march", "At31_episodes"),
        "population": (
            "ons_mid-year_population_estimates_2012_to_2024.csv",
            "population_0_17",
            "population_estimate",
        ),
    }  # fmt: skip
    for table, (file, measure, column) in files.items():
        rows = pd.read_csv(folder / file, dtype=str, encoding="utf-8-sig")
        own = rows[rows["new_la_code"] == "E06000033"]
        day = "06-30" if table == "population" else "03-31"
        made = pd.DataFrame(
            {
                "time_period": own["time_period"],
                "time_identifier": "Reporting year",
                "period_start": own["time_period"] + f"-{day}",
                "period_end": own["time_period"] + f"-{day}",
                "geographic_level": "Local authority",
                "area_code": own["new_la_code"],
                "area_name": own["la_name"],
                "measure": measure,
                "category": "Total",
                "value": own[column],
                "printed": own[column],
                "qualifier": "",
                "source": f"dfe-cin-2025-{table.replace('_', '-')}",
            }
        )
        made.to_csv(project / DATA / f"{table}.csv", index=False, lineterminator="\n")

    def of_2025(rows):
        of = {"dfe-cin-2020-population": "population", "dfe-cin-2020-b1-episodes": "children-in-need"}
        later = rows[rows["source"].isin(of)].replace({"2019 to 2020": "2024 to 2025"})
        return pd.concat([rows, later.assign(source=[f"dfe-cin-2025-{of[key]}" for key in later["source"]])])

    alter(project, "sources", of_2025, DICTIONARY)
    only(project, "children_in_need", "population")
    path = project / EDITION
    head, *asked = path.read_text("utf-8").split("[[comparisons]]")
    (need,) = (one for one in asked if '"children_in_need"' in one.splitlines()[1])
    need = re.sub(r"(?m)^(printed|easy_read) = .*\n", "", need)
    need = need.replace("report-5.2-children-in-need", "dfe-cin-2025-children-in-need")
    need = need.replace("dfe-cin-2020-population", "dfe-cin-2025-population")
    need = need.replace("02_children_in_need", SUMMARY)
    head = head.replace("previous = 2017", "previous = 2024").replace("latest = 2018", "latest = 2025")
    path.write_text(f"{head.partition('[notes]')[0]}[[comparisons]]{need}", "utf-8")
    path.rename(path.with_name("invented.toml"))


def test_the_newest_release_has_no_rates_and_a_pack_of_it_is_published(project, shared):
    shutil.copyfile(CHECKOUT / EDITION, project / EDITION)
    keep_only(project, [SUMMARY, "02_children_in_need"])
    newest(shared, project)
    path = project / EDITION.with_name("invented.toml")
    path.write_text(path.read_text("utf-8").replace(', "02_children_in_need"]', "]"), "utf-8")
    made = build("invented")
    assert not made.failed, [chapter.error for chapter in made.failed]
    page = BeautifulSoup((made.folder / f"{SUMMARY}.html").read_text("utf-8"), "html.parser")
    # 1,025 of the 38,000 or so children of mid-2023, then 1,053 of those of mid-2024
    value = page.select_one('[data-measure="cin_rate"][data-statistic="value"][data-period="2025-03-31"]')
    people = lscb.load("population", time_period=2024)["value"].iloc[0]
    assert float(value["value"]) == pytest.approx(10_000 * 1053 / people)
    assert value["data-source"] == "dfe-cin-2025-children-in-need"
    assert NOTE in said(page)


SILENT = {
    "02_children_in_need": ["What population do the number and the rate imply?"],
    "05_child_protection": [
        "Which plans do the categories of abuse count?",
        "Has the mix of categories changed",
    ],
    "06_children_looked_after": ["Which number does the report mean?", "Where do children live?"],
    "07_permanence": ["Which numbers do the printed percentages imply?"],
}
"""Questions of chapters of which an edition without prints, notes, facts and most tables says nothing."""


def of_numbers_alone(project):
    """An edition of numbers alone: no print, no report, nothing that one says, and one question fewer."""
    path = project / EDITION
    shutil.copyfile(CHECKOUT / EDITION, path)
    keep_only(project, list(SILENT))
    without_prints(project)
    words = re.sub(r"(?ms)^\[(?:notes|lists)\].*?(?=^\[)", "", path.read_text("utf-8"))
    words = re.sub("(?m)^(report|heading) = .*\n", "", words)
    head, *asked = words.split("[[comparisons]]")
    kept = [one for one in asked if 'question = "abuse"' not in one]
    path.write_text("[[comparisons]]".join([head, *kept]), "utf-8")
    path.rename(path.with_name("invented.toml"))
    for table in ("placements", "children_in_the_area", "self_assessment"):
        (project / DATA / f"{table}.csv").unlink()


def test_chapters_of_numbers_alone_build_and_what_the_data_do_not_say_leaves_with_its_heading(project):
    of_numbers_alone(project)
    told = []
    made = build("invented", tell=lambda event, **of: told.append((event, of)))
    assert not made.failed, [f"{chapter.name} {chapter.error}" for chapter in made.failed]
    left = {of["chapter"]: of["sections"] for event, of in told if event == "left out"}
    for chapter, questions in SILENT.items():
        page = BeautifulSoup((made.folder / f"{chapter}.html").read_text("utf-8"), "html.parser")
        headings = [heading.get_text() for heading in page.main.select("h2, h3")]
        for question in questions:
            assert any(section.startswith(question) for section in left[chapter])
            assert not any(heading.startswith(question) for heading in headings)
            assert (question in said(page)) == ("report" not in question)  # among what is not answered
        assert not [heading for heading in headings if "report" in heading]
        assert "None of these figures can be told" not in said(page)
    plans = BeautifulSoup((made.folder / "05_child_protection.html").read_text("utf-8"), "html.parser")
    assert "fell from 220 at 31 March 2017 to 116 at 31 March 2018" in said(plans)
