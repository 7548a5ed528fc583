"""Verdicts in sentences: words that follow from the row, numbers bound, the statistics folded away."""

import math

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import declared, estimates, verdict_table
from lscb_analysis.release import protect
from lscb_analysis.statistics import mix_changes
from lscb_analysis.statistics.mixes import mix_change, share

EDITION = read_edition("southend-2017-19")
PARTS = ("counts", "totals")


@pytest.fixture(scope="module")
def table():
    return verdict_table(EDITION).set_index("question", drop=False)


def release(row, **changes):
    return protect(pd.DataFrame([row.to_dict() | changes]), rule="published")


def sentence(display):
    """What stands on the page before anything is unfolded."""
    page = BeautifulSoup(str(display.html), "html.parser")
    for folded in page("details"):
        folded.decompose()
    return page.get_text()


def folded(display):
    """The statistics behind a verdict, by what they are."""
    page = BeautifulSoup(str(display.html), "html.parser")
    return {term.get_text(): term.find_next("dd").get_text() for term in page("dt")}


def test_a_measure_with_polarity_gets_better_or_worse_and_one_without_does_not(table):
    assert "Verdict: better." in sentence(lscb.sentences.verdict(release(table.loc["conferences"])))
    without = sentence(lscb.sentences.verdict(release(table.loc["plans"])))
    assert "Verdict: lower." in without
    assert "neither good news nor bad" in without


def test_a_sentence_beyond_chance_speaks_of_siblings_only_where_they_are_allowed_for(table):
    row = table.loc["plans"]
    assert "even allowing for brothers and sisters" in sentence(lscb.sentences.verdict(release(row)))
    assert "brothers" not in sentence(lscb.sentences.verdict(release(row, dispersion=1.0)))


def test_what_is_not_compared_says_why_and_has_no_statistics(table):
    said = lscb.sentences.verdict(release(table.loc["care_leavers_17_18"]))
    assert said.text == "Verdict: not compared, because there is no number behind the earlier figure."
    assert folded(said) == {}


def unclear(table, **changes):
    """The conferences, invented to be within chance."""
    within = {"verdict": "too few to tell", "p_value": 0.3, "p_dispersed": 0.5, "at_odds": False}
    return sentence(lscb.sentences.verdict(release(table.loc["conferences"], **within | changes)))


def test_too_few_to_tell_says_what_would_have_shown_and_what_would_matter(table):
    assert unclear(table, smallest_fall=23.46, smallest_rise=24.61) == (
        "Verdict: too few to tell. Chance alone could bring about a rise of this size. With numbers like "
        "these only a fall of at least 23.5 or a rise of at least 24.6 percentage points would probably "
        "have shown, while a change of 5 percentage points is taken to matter."
    )


def test_a_fall_or_a_rise_that_could_not_have_been_seen_at_all_is_called_so(table):
    assert (
        "only a fall of at least 23.5 percentage points would probably have shown, and no rise, however "
        "large, while"
    ) in unclear(table, smallest_fall=23.46, smallest_rise=math.inf)
    assert (
        "With numbers like these no fall, however large and no rise, however large, would probably have shown"
    ) in unclear(table, smallest_fall=math.inf, smallest_rise=math.inf)


def test_no_clear_change_says_that_one_that_matters_would_have_shown(table):
    assert unclear(table, verdict="no clear change") == (
        "Verdict: no clear change. Chance alone could bring about a rise of this size. But a change of 5 "
        "percentage points, which is taken to matter, would probably have shown."
    )


def test_a_change_that_only_siblings_make_a_matter_of_chance_is_told_so(table):
    said = unclear(table, p_value=0.001)
    assert "If every child came alone, chance would hardly bring about a rise of this size" in said
    assert "and then it could" in said


@pytest.mark.parametrize(
    ("excludes", "said"),
    [(True, "Even so, the interval leaves “no change” out"), (False, "does not leave “no change” out")],
)
def test_where_interval_and_verdict_differ_the_sentence_says_so(table, excludes, said):
    assert said in unclear(table, at_odds=True, interval_excludes_none=excludes)
    assert "The interval" not in unclear(table)


def test_a_mix_says_what_it_would_take_to_tip_and_what_shift_would_have_shown(table):
    row = table.loc["primary_need"]
    said = lscb.sentences.mix(release(row))
    assert "differ by 5.1 percentage points. Verdict: too few to tell." in sentence(said)
    smallest = f"{row['smallest_shift']:.1f}"
    assert f"a shift of {smallest} percentage points or more would probably have shown" in sentence(said)
    assert "Even so, some category's interval leaves “no change” out" in sentence(said)
    assert folded(said)["Where the verdict would tip"].startswith(f"At {row['tips_at']:.2f} times")


def test_the_statistics_behind_a_verdict_are_all_there(table):
    row = table.loc["plans"]
    behind = folded(lscb.sentences.verdict(release(row)))
    assert behind["Numbers compared"] == "220 of 38,781, then 116 of 39,115"
    assert behind["Change"] == "−48% (95% interval −58% to −35%)"
    assert behind["If every child came alone"] == "p is less than 0.0001"
    assert behind["Allowing for siblings"] == (
        f"p is 0.0002, to be called a change if at most {row['threshold']:.4f}: "
        f"one of {row['compared']} comparisons tested together"
    )
    assert behind["Dispersion taken"].startswith(
        "2.4 times the variance of independent counts. Working value"
    )
    assert behind["Where the verdict would tip"].startswith(
        f"At {row['tips_at']:.1f} times the variance of independent counts, if that of the other"
    )
    assert behind["What could have been seen"] == (
        f"With these numbers only a fall of at least {row['smallest_fall']:.0f}% or a rise of at least "
        f"{row['smallest_rise']:.0f}% would probably have shown (“probably” means a chance of 80% or more)"
    )
    assert behind["Smallest change that is taken to matter"] == "10%"


def test_only_a_stock_is_said_to_share_children(table):
    assert "The same children" in folded(lscb.sentences.verdict(release(table.loc["plans"])))
    assert "The same children" not in folded(lscb.sentences.verdict(release(table.loc["conferences"])))


def test_a_verdict_that_no_dispersion_would_tip_says_so(table):
    row = release(table.loc["conferences"], verdict="no clear change", tips_at=0.4)
    assert folded(lscb.sentences.verdict(row))["Where the verdict would tip"] == "At no dispersion"


def invented_mix(table, before, now, verdict):
    """An invented mix of categories of abuse, and its row of the table of verdicts."""
    counts, totals = (declared(EDITION, "abuse", part).query("time_period > 2016") for part in PARTS)
    shares = share(
        counts.assign(value=[*map(float, (*before, *now))], status=""),
        totals.assign(value=[float(sum(before)), float(sum(now))]),
    )
    row = table.loc["abuse"].to_dict() | mix_change(shares, 2017, 2018)[0] | {"verdict": verdict}
    mix = protect(pd.DataFrame([row]), rule="published")
    return mix, protect(mix_changes(shares, 2017, 2018), rule="published")


def test_the_movers_are_the_ends_of_the_ranking_and_no_finding_unless_the_mix_changed(table):
    changes = mix_changes(estimates(EDITION, "primary_need"), 2017, 2018)
    said = lscb.sentences.movers(release(table.loc["primary_need"]), protect(changes, rule="published")).text
    assert said.index("“Family in acute stress” was") < said.index("“Abuse or neglect” was")
    assert not {"rose", "fell"} & set(said.split())
    assert said.endswith("what one part did is no finding.")


def test_a_mix_that_changed_names_what_drives_it(table):
    mix, changes = invented_mix(table, (100, 40, 30, 20, 10), (60, 40, 30, 20, 100), "changed")
    said = lscb.sentences.movers(mix, changes).text
    assert "What drives the change of the mix: “Multiple” rose and “Neglect” fell." in said
    assert "“Multiple” rose from " in said


def test_a_mix_that_changed_by_many_small_steps_names_nothing(table):
    mix, changes = invented_mix(table, (100, 100, 100, 100, 100), (112, 88, 112, 88, 100), "changed")
    assert "No single category drives the change" in lscb.sentences.movers(mix, changes).text


@pytest.mark.parametrize("question", ["primary_need", "plans", "conferences", "abuse"])
def test_every_number_of_a_verdict_is_bound_to_the_row(table, question):
    row = table.loc[question]
    describe = lscb.sentences.mix if question in ("primary_need", "abuse") else lscb.sentences.verdict
    page = BeautifulSoup(str(describe(release(row)).html), "html.parser")
    columns = {"change_lower": "lower", "change_upper": "upper"}
    for figure in page("data"):
        statistic = figure["data-statistic"]
        if statistic == "power":
            assert float(figure["value"]) == 0.8
        else:
            assert float(figure["value"]) == pytest.approx(row[columns.get(statistic, statistic)], rel=1e-9)
        figure.decompose()
    for named in page.select("time, [data-name]"):
        named.decompose()
    assert not [letter for letter in page.get_text() if letter.isdigit()]


def test_each_statistic_names_its_method(table):
    page = BeautifulSoup(str(lscb.sentences.verdict(release(table.loc["conferences"])).html), "html.parser")
    named = {figure["data-statistic"]: figure.get("data-method") for figure in page("data")}
    assert named["change_lower"] == "Newcombe hybrid score"
    assert named["p_value"] == "conditional test of two proportions"
    assert named["tips_at"] == "dispersion"
    assert named["threshold"] == "Benjamini-Hochberg"
    assert named["smallest_rise"] == "smallest visible change"


@pytest.mark.parametrize(
    ("verdict", "excludes", "dispersion", "said", "unsaid"),
    [
        ("too few to tell", True, 2.4, "takes every child as independent", "No single"),
        ("too few to tell", True, 1.0, "Even so, some category's interval leaves", "independent"),
        ("changed", False, 2.4, "No single category's interval leaves", "some category's"),
    ],
)
def test_a_mix_says_truly_where_its_intervals_and_its_verdict_differ(
    table, verdict, excludes, dispersion, said, unsaid
):
    changes = {"interval_excludes_none": excludes, "dispersion": dispersion, "at_odds": True}
    text = sentence(lscb.sentences.mix(release(table.loc["abuse"], verdict=verdict, **changes)))
    assert said in text
    assert unsaid not in text


def test_a_mix_that_is_not_compared_says_why_and_nothing_of_its_size(table):
    missing = {"shift": math.nan, "period_start_before": pd.NaT, "period_end_before": pd.NaT}
    row = release(table.loc["abuse"], verdict="not compared", reason="a different kind of period", **missing)
    assert sentence(lscb.sentences.mix(row)) == (
        "Verdict on the mix: not compared, because there is a different kind of period."
    )
    changes = protect(mix_changes(estimates(EDITION, "abuse"), 2017, 2018), rule="published")
    assert lscb.sentences.movers(row, changes).text.endswith("what one part did is no finding.")
