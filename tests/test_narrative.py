"""Sentences: that they say what the figures say, and that no number stands in them unbound."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lscb_analysis import (
    compare,
    count,
    describe_change,
    describe_fit,
    describe_given_away,
    describe_largest,
    describe_latest,
    describe_missing_total,
    describe_mix,
    describe_note,
    describe_sources,
    describe_verdict,
    fits,
    given_away,
    load,
    protect,
    read_edition,
    suppressed_bounds,
    verdict_table,
)
from lscb_analysis.narrative import headline
from lscb_analysis.verdicts import estimates

EDITION = read_edition("southend-2017-19")
COMPARISONS = {comparison.question: comparison for comparison in EDITION.comparisons}


def series(question):
    return protect(estimates(EDITION, question), rule="published")


@pytest.fixture(scope="module")
def table():
    return verdict_table(EDITION)


def chosen(table, question):
    return protect(table[table["question"] == question], rule="published")


def plans(values: dict[int, float]) -> pd.DataFrame:
    """Invented counts of plans, in the shape of the real ones."""
    real = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    return real.assign(value=real["time_period"].map(values)).dropna(subset=["value"])


def unbound(html: str) -> list[str]:
    """Digits outside of everything that says what it is."""
    soup = BeautifulSoup(html, "html.parser")
    for bound in soup(["data", "time", "cite"]) + soup.select("[data-name], [data-status]"):
        bound.decompose()
    return re.findall(r"\d[\d,.]*", soup.get_text())


def test_the_latest_figure_comes_with_its_numbers_and_interval():
    said = describe_latest(series("plans")).text
    assert said.startswith(
        "In Southend-on-Sea, the rate of children who were the subject of a child protection plan"
    )
    assert "was 29.7 per 10,000 children at 31 March 2018 (116 of 39,115; 95% confidence interval" in said


def test_a_percentage_without_a_number_behind_it_says_so():
    month = load("conferences", measure="icpc_in_time_percent", time_identifier="December")
    from lscb_analysis import implied_totals, proportion, stated

    in_time = load("conferences", measure="icpc_in_time")
    totals = implied_totals(in_time, load("conferences", measure="icpc_in_time_percent"), "icpc")
    said = describe_latest(protect(stated(month, proportion(in_time, totals)), rule="published")).text
    assert "was 81% in December 2018 (the source gives no number behind it, so no interval)" in said


def test_a_fall_is_called_a_fall_and_a_rise_a_rise(table):
    fall = describe_change(chosen(table, "plans")).text
    assert (
        "fell from 56.7 per 10,000 children at 31 March 2017 to 29.7 at 31 March 2018, a fall of 48%" in fall
    )
    rise = describe_change(chosen(table, "conferences")).text
    assert "rose from 45.5% in the year ending 31 March 2017 to 66.0%" in rise
    # a reader who subtracts the figures shown would find 20.5
    assert "a rise of 20.6 percentage points before rounding" in rise


def test_a_change_without_an_interval_is_told_without_its_size(table):
    assert describe_change(chosen(table, "care_leavers_17_18")).text.endswith("31 March 2018.")


def test_the_interval_of_a_fall_runs_from_the_smaller_fall_to_the_larger(table):
    ends = re.search(r"interval (\d+)% to (\d+)%", describe_change(chosen(table, "plans")).text)
    assert int(ends[1]) < 48 < int(ends[2])


def test_an_interval_that_spans_no_change_names_both_directions():
    changes = compare(count(plans({2017: 20, 2018: 18})), 2017, 2018)
    assert "from a fall of" in describe_change(protect(changes, rule="published")).text
    assert "to a rise of" in describe_change(protect(changes, rule="published")).text


def test_no_change_is_called_none():
    changes = compare(count(plans({2017: 20, 2018: 20})), 2017, 2018)
    said = describe_change(protect(changes, rule="published")).text
    assert "stayed the same: 20 at 31 March 2017 and at 31 March 2018" in said
    figures = count(plans({2017: 20, 2018: 20}))
    assert headline(figures).striptags() == "Child protection plans stayed the same at 20"


def test_a_change_that_rounds_to_nothing_is_less_than_one_per_cent():
    changes = compare(count(plans({2017: 1000, 2018: 1001})), 2017, 2018)
    assert "a rise of less than 1%" in describe_change(protect(changes, rule="published")).text


def test_from_zero_no_direction_is_claimed():
    changes = compare(count(plans({2017: 0, 2018: 5})), 2017, 2018)
    said = describe_change(protect(changes, rule="published")).text
    assert said.endswith("was 0 at 31 March 2017 and 5 at 31 March 2018.")


def test_a_single_period_is_told_without_a_change():
    assert headline(count(plans({2018: 20}))).striptags() == "Child protection plans: 20"


def test_a_note_of_the_edition_is_shown_as_text():
    with_markup = EDITION.model_copy(update={"notes": {"why": "<b>because</b>"}})
    assert str(describe_note(with_markup, "why").html) == "<p>&lt;b&gt;because&lt;/b&gt;</p>"
    assert describe_note(with_markup, "else").text == ""


@pytest.mark.parametrize(("confidence", "shown"), [(0.95, "95%"), (0.998, "99.8%"), (0.995, "99.5%")])
def test_a_confidence_is_shown_with_the_decimals_it_needs(confidence, shown):
    changes = compare(count(plans({2017: 20, 2018: 40}), confidence), 2017, 2018, confidence)
    assert f"({shown} confidence interval" in describe_change(protect(changes, rule="published")).text


def test_a_suppressed_figure_is_named_and_not_compared():
    frame = series("primary_need").frame
    changes = compare(frame[frame["category"] == "Not stated"], 2017, 2018)
    assert "[c]" in describe_change(protect(changes, rule="published")).text


def test_the_largest_category_is_named_first():
    said = describe_largest(series("primary_need")).text
    assert "“Abuse or neglect” was 82.1%" in said
    assert said.index("Abuse or neglect") < said.index("Child's disability or illness")


def test_totals_that_cannot_have_made_the_percentages_are_told_apart():
    abuse = load("categories_of_abuse")
    in_force = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    begun = load("dfe_plans_starting", measure="cpp_starting")
    said = describe_fit(protect(fits(abuse, in_force), fits(abuse, begun), rule="published")).text
    assert (
        "cannot be shares of the number of children who were the subject of a child protection plan: 189"
        in said
    )
    assert "could be shares of the number of child protection plans starting in the year: 201" in said


def test_a_missing_total_says_what_it_would_have_to_be(table):
    both = table[table["chapter"] == "08_care_leavers"]
    figures = protect(
        series("care_leavers_17_18").frame, series("care_leavers_19_21").frame, rule="published"
    )
    said = describe_missing_total(figures, protect(both, rule="published")).text
    assert "chance alone could produce the rise from 57% to 67%" in said
    found = re.search(
        r"below (\d+), chance alone could produce the fall from 52% to 41%; from (\d+) upwards", said
    )
    assert 111 < int(found[1]) < int(found[2])


def test_sources_are_cited_with_their_licence():
    said = describe_sources(series("abuse")).text
    assert "Department for Education" in said
    assert "section 5.2" in said
    assert "Open Government Licence v3.0" in said


@pytest.mark.parametrize("question", sorted(COMPARISONS))
def test_no_digit_in_a_sentence_is_unbound(table, question):
    of_question, figures = chosen(table, question), series(question)
    said = [describe_change(of_question), describe_verdict(of_question), describe_latest(figures)]
    if COMPARISONS[question].method == "mix":
        said = [describe_mix(of_question), describe_largest(figures)]
    said += [Sentence for Sentence in [describe_missing_total(figures, of_question)] if "care" in question]
    for sentence in said:
        # the one digit run that is neither figure nor name is the unit "%", which is none
        assert unbound(str(sentence.html)) == []


def test_headlines_name_the_change_the_measures_or_the_largest_category():
    assert headline(series("plans").frame).striptags() == (
        "Child protection plans fell from 56.7 to 29.7 per 10,000 children"
    )
    assert (
        headline(series("abuse").frame).striptags() == "“Neglect” is the largest category: 69.1% of 110 plans"
    )
    both = pd.concat([series("care_leavers_17_18").frame, series("care_leavers_19_21").frame])
    assert headline(both).striptags() == (
        "Aged 17 to 18: printed as 57%, then 67%; Aged 19 to 21: printed as 52%, then 41%"
    )


def test_withheld_figures_that_others_give_away_are_named_and_never_given():
    counts = load("dfe_primary_need", measure="cin_by_primary_need")
    totals = load("dfe_primary_need", measure="cin_at_31_march")
    away = given_away(suppressed_bounds(counts, totals, least=1))
    said = describe_given_away(protect(away, rule="published"))
    assert "at 31 March 2017 can be worked out exactly" in said.text
    assert "2016" not in said.text
    assert unbound(str(said.html)) == []
    assert not BeautifulSoup(str(said.html), "html.parser")("data")
    assert describe_given_away(protect(away.assign(narrowed=False), rule="published")).text == ""
