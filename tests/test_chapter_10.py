"""The quality of practice: its figures by hand from the report, and what can be said without numbers."""

import re

import pytest

from lscb_analysis import load
from lscb_analysis.release import protect
from lscb_analysis.statistics import conclusive_common_totals, stated
from lscb_analysis.statistics.comparisons import dispersed, two_proportions
from lscb_analysis.statistics.implied import possible_counts

PAIRS = [
    ("case_audits", "audit_good", "44%", "65%"),
    ("case_audits", "audit_requires_improvement", "77%", "94%"),
    ("visits", "plan_visits_in_time", "94%", "97.6%"),
    ("visits", "looked_after_visits_in_time", "83.9%", "88.4%"),
]
SECTIONS = {
    "3.1": ("3.1 Safeguarding Children Board", "3.2 "),
    "3.4.4": ("3.4.4 SBC Children's Services", "3.4.5 "),
    "4.1": ("4.1 Serious Case Reviews", "4.2 "),
    "4.2": ("4.2 Child Death Reviews", "4.3 "),
}
"""How the heading of a section of the report begins, and that of the next."""
TABLES = [
    *("child_deaths", "child_death_factors", "practice_reviews", "case_audits", "audit_targets"),
    *("visits", "decisions", "audits_and_returns", "management_posts"),
]
pairs = pytest.mark.parametrize(("table", "measure", "january", "december"), PAIRS)


@pytest.mark.parametrize("table", TABLES)
def test_what_is_given_as_printed_stands_in_its_section_of_the_report(shared, table):
    text = (shared / "source" / "southend-annual-report-2017-19.txt").read_text("utf-8")
    for row in load(table).itertuples():
        start, end = SECTIONS[row.source.split("-")[1]]
        section = text[text.rindex(f"\n{start}") :].partition(f"\n{end}")[0]
        assert re.search(rf"(?<![\w.,]){re.escape(row.printed)}(?![\w%]|[.,]\d)", section), row


@pairs
def test_the_months_are_those_of_the_report(table, measure, january, december):
    rows = load(table, measure=measure).set_index("time_identifier")
    assert rows.loc[["January", "December"], "printed"].tolist() == [january, december]


def test_both_places_state_the_same_target_and_the_same_conferences_in_time():
    targets = load("audit_targets")
    assert targets["source"].nunique() == 2
    assert targets["value"].tolist() == [85, 85]
    both = [
        load(table, measure="icpc_in_time_percent", time_identifier="December")
        for table in ("decisions", "conferences")
    ]
    assert [rows["value"].item() for rows in both] == [81, 81]
    assert both[0]["source"].item() != both[1]["source"].item()


def test_what_the_source_qualifies_stays_qualified_and_published():
    release = protect(stated(load("decisions")), stated(load("case_audits")), rule="published")
    told = release.frame[release.frame["qualifier"] != ""]
    assert told[["qualifier", "printed"]].to_numpy().tolist() == [
        ["over", "90%"],
        ["over", "95%"],
        ["about", "57%"],
    ]


@pytest.mark.parametrize(("january", "december"), [pair[2:] for pair in PAIRS])
def test_just_below_and_at_the_conclusive_totals_the_pairs_of_counts_bear_them_out(january, december):
    first, certain = conclusive_common_totals(december, january, dispersion=2.4)

    def p_values(total):
        return [
            dispersed(two_proportions(x, total, y, total), 2.4)
            for x in possible_counts(total, december)
            for y in possible_counts(total, january)
        ]

    assert all(p >= 0.05 for total in range(2, first) for p in p_values(total))
    assert min(p_values(first)) < 0.05
    assert all(p < 0.05 for total in range(certain, certain + 30) for p in p_values(total))
