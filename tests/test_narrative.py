"""Sentences: that they say what the figures say, and that no number stands in them unbound."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis import compare, count, load, versions
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.opened import Pack
from lscb_analysis.editions.verdicts import declared, estimates, verdict_table
from lscb_analysis.pages.sentences import headline
from lscb_analysis.release import protect
from lscb_analysis.statistics import fits, implied_earlier, implied_populations, standing, stated

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
    said = lscb.sentences.latest(series("plans")).text
    assert said.startswith(
        "In Southend-on-Sea, the rate of children who were the subject of a child protection plan"
    )
    assert "was 29.7 per 10,000 children at 31 March 2018 (116 of 39,115; 95% confidence interval" in said


def test_a_percentage_without_a_number_behind_it_says_so():
    month = load("conferences", measure="icpc_in_time_percent", time_identifier="December")
    from lscb_analysis import proportion
    from lscb_analysis.statistics import implied_totals, stated

    in_time = load("conferences", measure="icpc_in_time")
    totals = implied_totals(in_time, load("conferences", measure="icpc_in_time_percent"), "icpc")
    said = lscb.sentences.latest(protect(stated(month, proportion(in_time, totals)), rule="published")).text
    assert "was 81% in December 2018 (the source gives no number behind it, so no interval)" in said


def test_a_fall_is_called_a_fall_and_a_rise_a_rise(table):
    fall = lscb.sentences.change(chosen(table, "plans")).text
    assert (
        "fell from 56.7 per 10,000 children at 31 March 2017 to 29.7 at 31 March 2018, a fall of 48%" in fall
    )
    rise = lscb.sentences.change(chosen(table, "conferences")).text
    assert "rose from 45.5% in the year ending 31 March 2017 to 66.0%" in rise
    # a reader who subtracts the figures shown would find 20.5
    assert "a rise of 20.6 percentage points before rounding" in rise


def test_a_change_without_an_interval_is_told_without_its_size(table):
    assert lscb.sentences.change(chosen(table, "care_leavers_17_18")).text.endswith("31 March 2018.")


def test_the_interval_of_a_fall_runs_from_the_smaller_fall_to_the_larger(table):
    ends = re.search(r"interval (\d+)% to (\d+)%", lscb.sentences.change(chosen(table, "plans")).text)
    assert int(ends[1]) < 48 < int(ends[2])


def test_an_interval_that_spans_no_change_names_both_directions():
    changes = compare(count(plans({2017: 20, 2018: 18})), 2017, 2018)
    assert "from a fall of" in lscb.sentences.change(protect(changes, rule="published")).text
    assert "to a rise of" in lscb.sentences.change(protect(changes, rule="published")).text


def test_no_change_is_called_none():
    changes = compare(count(plans({2017: 20, 2018: 20})), 2017, 2018)
    said = lscb.sentences.change(protect(changes, rule="published")).text
    assert "stayed the same: 20 at 31 March 2017 and 20 at 31 March 2018" in said
    figures = count(plans({2017: 20, 2018: 20}))
    assert headline(figures).striptags() == "Child protection plans stayed the same at 20"


def test_a_change_that_rounds_to_nothing_is_less_than_one_per_cent():
    changes = compare(count(plans({2017: 1000, 2018: 1001})), 2017, 2018)
    assert "a difference of less than 1%" in lscb.sentences.change(protect(changes, rule="published")).text


def test_from_zero_no_direction_is_claimed():
    changes = compare(count(plans({2017: 0, 2018: 5})), 2017, 2018)
    said = lscb.sentences.change(protect(changes, rule="published")).text
    assert "was 0 at 31 March 2017 and 5 at 31 March 2018, a difference of 5; " in said
    assert said.endswith("no percentage can be taken of nothing.")


def test_a_single_period_is_told_without_a_change():
    assert headline(count(plans({2018: 20}))).striptags() == "Child protection plans: 20"


def test_a_headline_names_its_periods_where_the_latest_of_them_are_not_told():
    every = count(plans({2016: 30, 2017: 20, 2018: 25}))
    every.loc[every["time_period"] == 2018, ["value", "lower", "upper"]] = None
    told = every.dropna(subset=["value"])
    assert headline(told, every=every).striptags() == (
        "Child protection plans, from 30 to 20 (31 March 2016 and 31 March 2017)"
    )
    assert headline(told.tail(1), every=every).striptags() == "Child protection plans: 20 (31 March 2017)"
    assert headline(told, every=told).striptags() == "Child protection plans, from 30 to 20"
    drawn = str(lscb.charts.line(protect(every, rule="published")).html)
    assert "from <data" in drawn
    assert (
        "(31 March 2016 and 31 March 2017)"
        in BeautifulSoup(drawn, "html.parser").select_one(".headline").text
    )


def test_a_note_of_the_edition_is_shown_as_text():
    with_markup = EDITION.model_copy(update={"notes": {"why": "<b>because</b>"}})
    assert str(lscb.sentences.note(Pack(with_markup), "why").html) == "<p>&lt;b&gt;because&lt;/b&gt;</p>"
    assert lscb.sentences.note(Pack(with_markup), "else").text == ""


@pytest.mark.parametrize(("confidence", "shown"), [(0.95, "95%"), (0.998, "99.8%"), (0.995, "99.5%")])
def test_a_confidence_is_shown_with_the_decimals_it_needs(confidence, shown):
    changes = compare(count(plans({2017: 20, 2018: 40}), confidence), 2017, 2018, confidence)
    assert f"({shown} confidence interval" in lscb.sentences.change(protect(changes, rule="published")).text


def test_a_suppressed_figure_is_named_and_not_compared():
    frame = series("primary_need").frame
    changes = compare(frame[frame["category"] == "Not stated"], 2017, 2018)
    assert "the source withholds the figure" in lscb.sentences.change(protect(changes, rule="published")).text


def test_the_largest_category_is_named_first():
    said = lscb.sentences.largest(series("primary_need")).text
    assert "“Abuse or neglect” was 82.1%" in said
    assert said.index("Abuse or neglect") < said.index("Child's disability or illness")


@pytest.mark.parametrize(
    ("told", "said"),
    [("Abuse or neglect", "“Abuse or neglect” was 82.1%"), ("", "None of these figures can be told.")],
)
def test_of_a_mix_of_which_one_category_is_told_or_none_no_other_is_named(told, said):
    frame = series("primary_need").frame
    withheld = frame["category"] != told
    figures = ["numerator", "value", "lower", "upper"]
    frame = frame.assign(**{column: frame[column].mask(withheld) for column in figures})
    frame = frame.assign(**{column: frame[column].mask(withheld, "c") for column in ("status", "printed")})
    text = lscb.sentences.largest(protect(frame, rule="published")).text
    assert said in text
    assert "Next comes" not in text


@pytest.mark.parametrize("describe", [lscb.sentences.latest, lscb.sentences.implied, lscb.sentences.largest])
def test_where_no_figure_is_told_the_reader_hears_so(describe):
    figures = dict.fromkeys(["numerator", "value", "lower", "upper"], float("nan"))
    untold = series("plans").frame.assign(**figures, status="x", printed="x")
    assert describe(protect(untold, rule="published")).text == "None of these figures can be told."


def test_a_figure_is_not_put_beside_one_that_is_not_told():
    plans = series("plans")
    figures = dict.fromkeys(["numerator", "value", "lower", "upper"], float("nan"))
    untold = protect(plans.frame.assign(**figures, status="x", printed="x"), rule="published")
    for pair in ((plans, untold), (untold, plans)):
        assert lscb.sentences.larger_of(*pair).text == "None of these figures can be told."
    assert "the same as" in lscb.sentences.larger_of(plans, plans).text


def test_totals_that_cannot_have_made_the_percentages_are_told_apart():
    abuse = load("categories_of_abuse")
    in_force = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    begun = load("dfe_plans_starting", measure="cpp_starting")
    said = lscb.sentences.found(protect(fits(abuse, in_force), fits(abuse, begun), rule="published")).text
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
    said = lscb.sentences.conclusive(figures, changes=protect(both, rule="published")).text
    assert "chance alone could produce the rise from 57% to 67%" in said
    found = re.search(
        r"less than (\d+), chance alone could produce the fall from 52% to 41%; from (\d+) on", said
    )
    assert 111 < int(found[1]) < int(found[2])


def test_sources_are_cited_with_their_licence():
    said = lscb.sentences.sources(series("abuse")).text
    assert "Department for Education" in said
    assert "section 5.2" in said
    assert "Open Government Licence v3.0" in said


@pytest.mark.parametrize("question", sorted(COMPARISONS))
def test_no_digit_in_a_sentence_is_unbound(table, question):
    of_question, figures = chosen(table, question), series(question)
    said = [
        lscb.sentences.change(of_question),
        lscb.sentences.verdict(of_question),
        lscb.sentences.latest(figures),
    ]
    if COMPARISONS[question].method == "mix":
        said = [lscb.sentences.mix(of_question), lscb.sentences.largest(figures)]
    said += [
        Sentence
        for Sentence in [lscb.sentences.conclusive(figures, changes=of_question)]
        if "care" in question
    ]
    for sentence in said:
        # the one digit run that is neither figure nor name is the unit "%", which is none
        assert unbound(str(sentence.html)) == []


def test_headlines_name_the_change_the_measures_or_the_largest_category():
    assert headline(series("plans").frame).striptags() == (
        "Child protection plans, from 56.7 to 29.7 per 10,000 children"
    )
    assert (
        headline(series("abuse").frame).striptags() == "“Neglect” is the largest category: 69.1% of 110 plans"
    )
    both = pd.concat([series("care_leavers_17_18").frame, series("care_leavers_19_21").frame])
    assert headline(both).striptags() == (
        "Aged 17 to 18: printed as 57%, then 67%; Aged 19 to 21: printed as 52%, then 41%"
    )


def test_versions_of_a_number_are_told_with_their_places_and_agreement_is_passed_over():
    told = load("leaving_care", measure="cla_ceased")
    used = load("dfe_leaving_care", measure="cla_ceased")
    both = protect(versions(count(used), used), versions(count(told), used), rule="published")
    said = lscb.sentences.found(both)
    assert not unbound(str(said.html))
    first, second = BeautifulSoup(str(said.html), "html.parser").find_all("li")
    assert re.search(
        r"2016: 107 is the number used.*; 105 is that number rounded to the nearest 5", first.get_text()
    )
    assert re.search(
        r"2018: 113 is the .*section 5\.3.*; 114 agrees neither .*section 5\.2.*section 3\.4\.4",
        second.get_text(),
    )
    alike = protect(versions(count(used), used), rule="published")
    assert not BeautifulSoup(str(lscb.sentences.found(alike).html), "html.parser").find_all("li")


@pytest.mark.parametrize(
    ("place", "said"), [(20, "the claim holds"), (5, "the claim may hold"), (1, "the claim does not hold")]
)
def test_a_claim_of_a_place_is_held_against_the_first_and_the_last_place_there_can_be(place, said):
    figures = load("dfe_leaving_care", measure="cla_adopted_percent", time_period=2018)
    claim = protect(load("leaving_care", measure="adoption_place").assign(value=place), rule="published")
    told = lscb.sentences.found(protect(standing(figures, EDITION.area), rule="published"), claim)
    assert said in told.text
    assert "somewhere from 2 to 14" in told.text
    assert not unbound(str(told.html))


def test_a_place_that_nothing_leaves_open_is_one():
    figures = load("dfe_leaving_care", measure="cla_adopted_percent", time_period=2018).dropna(subset="value")
    claim = protect(load("leaving_care", measure="adoption_place"), rule="published")
    told = lscb.sentences.found(protect(standing(figures, EDITION.area), rule="published"), claim)
    assert "is therefore 2." in told.text
    assert "by this one the claim holds." in told.text


def test_what_the_source_qualifies_is_told_with_its_qualifier():
    living = load("population", source="report-5.2-population")
    told = lscb.sentences.latest(protect(stated(living), count(living), rule="published"))
    assert told.text.count("was about 39,115") == 1


def test_an_area_is_told_beside_the_country_in_the_words_its_figures_bear_out():
    schools = load("schools", source="report-5.2-population")
    lower = lscb.sentences.beside(protect(stated(schools), rule="published"))
    assert lower.text.startswith("Lower in Southend-on-Sea than in England in spring 2018: pupils in primary")
    assert "(8.1% beside 12.4%)" in lower.text
    assert unbound(lower.html) == []
    values = [15.0, 13.7, 12.4, 12.4]
    mixed = schools[schools["measure"].str.startswith("fsm")].assign(value=values, printed="")
    told = lscb.sentences.beside(
        protect(stated(mixed.assign(printed=[str(value) for value in values])), rule="published")
    )
    assert [part.split(":")[0] for part in told.text.split(". ")] == [
        "Higher in Southend-on-Sea than in England in spring 2018",
        "The same in Southend-on-Sea as in England in spring 2018",
    ]


@pytest.mark.parametrize(("taken", "words"), [(39_115, "lies within"), (40_000, "does not lie within")])
def test_a_population_is_told_by_its_bounds_and_the_one_taken_beside_them(taken, words):
    counts, rates = (declared(EDITION, "children_in_need", part) for part in ("counts", "printed"))
    bounds = protect(implied_populations(counts, rates, "population_0_17"), rule="published")
    made = estimates(EDITION, "children_in_need").assign(denominator=taken)
    told = lscb.sentences.found(bounds, protect(made, rule="published"))
    last = BeautifulSoup(told.html, "html.parser").find_all("li")[-1].get_text()
    assert last == (
        f"Children aged 0 to 17, 31 March 2018: between 39,085 and 39,200 children; "
        f"the estimate of {taken:,} {words}."
    )
    assert unbound(told.html) == []


def test_a_rate_that_no_population_gives_is_said_to_have_none():
    counts = declared(EDITION, "children_in_need", "counts").tail(1).assign(value=1.0)
    rates = counts.assign(measure="cin_rate", printed="6667", value=6667.0)
    bounds = protect(implied_populations(counts, rates, "population_0_17"), rule="published")
    assert "no whole number of children gives the figure printed" in lscb.sentences.found(bounds).text


def printed(**of_period: str) -> pd.DataFrame:
    """Invented percentages of conferences in time, one a month, with no number behind any."""
    december = load("conferences", measure="icpc_in_time_percent", time_identifier="December")
    months = [
        december.assign(
            time_identifier=month,
            period_start=pd.Timestamp(f"1 {month} 2018"),
            period_end=pd.Timestamp(f"1 {month} 2018") + pd.offsets.MonthEnd(1),
            value=float(text),
            printed=text,
        )
        for month, text in of_period.items()
    ]
    return stated(pd.concat(months, ignore_index=True))


def test_each_period_is_told_in_order_and_none_compared():
    said = lscb.sentences.history(protect(printed(December="97.6", January="94"), rule="published"))
    assert said.text.endswith("was 94% in January 2018 and 97.6% in December 2018.")
    assert unbound(said.html.replace("15 working days", "")) == []


def test_a_figure_is_told_with_the_word_that_qualifies_it():
    about = printed(May="90").assign(qualifier="over")
    release = protect(about, printed(June="91").drop(columns="qualifier"), rule="published")
    assert lscb.sentences.history(release).text.endswith("was over 90% in May 2018 and 91% in June 2018.")
    assert "was over 90% in May 2018" in lscb.sentences.latest(protect(about, rule="published")).text


def test_without_any_number_a_change_is_told_by_the_number_it_would_take():
    said = lscb.sentences.conclusive(protect(printed(January="44", December="65"), rule="published"))
    assert "no number of conferences is published, in January 2018 or in December 2018." in said.text
    # by a search over all totals, in test_chapter_10
    assert "less than 101, chance alone could produce the rise from 44% to 65%; from 109 on" in said.text
    assert "allowing for brothers and sisters" in said.text
    assert unbound(str(said.html)) == []


def test_of_a_single_figure_or_one_with_a_number_behind_it_nothing_is_supposed():
    assert lscb.sentences.conclusive(protect(printed(January="44"), rule="published")).text == ""
    assert lscb.sentences.conclusive(series("conferences")).text == ""


def test_percentages_that_no_total_can_tell_apart_are_said_to_be_so():
    said = lscb.sentences.conclusive(protect(printed(January="94", December="94"), rule="published")).text
    assert "Whatever that number was, up to 2,000, chance alone could produce the change" in said


def trained(*percentages, measure="training_level_2", **changed):
    """Invented percentages of staff trained, one for each quarter, in the shape of the real ones."""
    real = load("training_levels", measure=measure).head(len(percentages))
    printed = [str(percentage) for percentage in percentages]
    return protect(stated(real.assign(value=percentages, printed=printed, **changed)), rule="published")


@pytest.mark.parametrize(
    ("percentages", "standing"),
    [((90, 95), ("above", "at")), ((95, 90), ("at", "above")), ((80, 85), ("below", "below"))],
)
def test_a_series_is_told_against_its_target_at_its_end_and_its_start(percentages, standing):
    said = lscb.sentences.target(trained(*percentages), trained(90)).text
    assert f", {standing[0]} the target of 90%; it was {percentages[0]}%" in said
    assert said.endswith(f", {standing[1]} it.")


def test_a_single_figure_is_told_against_its_target_once():
    assert lscb.sentences.target(trained(80), trained(90)).text.endswith("below the target of 90%.")


def test_an_area_is_named_wherever_it_changes():
    elsewhere = trained(70, area_code="E38000030", area_name="Elsewhere")
    both = protect(trained(80).frame, elsewhere.frame, rule="published")
    said = lscb.sentences.target(both, trained(90)).text
    assert said.count("In NHS Southend CCG") == said.count("In Elsewhere") == 1


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        # 6 of 19 and 16 of 19 are the smallest numbers printed so; Fisher's exact p of 0.003 is below 5%
        (32, 84, "At least 19 staff, the same number"),
        (50, 60, "chance alone could produce the rise from 50% to 60%; from"),
        (50, 50, "Whatever that number was, up to 2,000, chance alone could produce"),
    ],
)
def test_a_change_without_numbers_says_from_how_many_people_on_it_would_exceed_chance(before, now, expected):
    said = lscb.sentences.conclusive(trained(before), trained(now))
    assert expected in said.text
    assert unbound(str(said.html)) == []


def test_two_figures_stand_side_by_side_with_what_their_source_says_of_them():
    def children(value, **said):
        row = load("school_nursing", measure="school_nurse_caseload").assign(value=value, **said)
        return protect(stated(row), rule="published")

    said = lscb.sentences.larger_of(children(50_000, qualifier="over"), children(40_000, qualifier=""))
    assert "was over 50,000 from" in said.text
    assert "That is larger than" in said.text
    assert "smaller than" in lscb.sentences.larger_of(children(1), children(2)).text
    assert "the same as" in lscb.sentences.larger_of(children(1), children(1)).text
    assert unbound(str(said.html)) == []


@pytest.mark.parametrize(("share", "verb"), [("2.7%", "percentage agree"), ("2.8%", "do not agree")])
def test_an_earlier_figure_comes_with_the_change_it_follows_from(share, verb):
    def part(measure):
        return load("family_court", measure=measure, category="Care applications")

    cases, fewer = part("family_court_cases"), part("family_court_fewer")
    shares = part("family_court_fewer_percent").assign(printed=share, value=float(share.rstrip("%")))
    earlier = protect(implied_earlier(cases, fewer.iloc[:0], fewer, shares), rule="published")
    changes = protect(stated(fewer), stated(shares), rule="published")
    said = lscb.sentences.earlier(protect(stated(cases), rule="published"), earlier, changes)
    assert f"which the source gives as 392 ({share}) fewer than in the year ending 31 March 2017" in said.text
    assert "; that makes 14,599 then" in said.text
    assert verb in said.text
    assert unbound(str(said.html)) == []


def test_series_of_several_areas_or_without_a_whole_are_named_apart_in_a_headline():
    areas = stated(load("training_level_3", measure="training_level_3"))
    assert headline(areas).striptags() == (
        "NHS Castle Point and Rochford CCG: printed as 98%, then 83%; "
        "NHS Southend CCG: printed as 100%, then 93%"
    )
    cases = stated(load("family_court", measure="family_court_cases"))
    before = cases.assign(time_period=2017, period_end=pd.Timestamp("2017-03-31"), value=[1, 2])
    assert headline(pd.concat([before, cases])).striptags() == (
        "Care applications: 1, then 14,207; Private law cases: 2, then 42,058"
    )
