"""An edition's verdicts: the false discovery rate over all of it, dispersion, words."""

import math
import shutil
from functools import cache, reduce

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, DATA, DICTIONARY, EDITION as WHOLE
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from scipy import stats

from lscb_analysis.editions import verdicts
from lscb_analysis.editions.edition import EditionError, read_edition
from lscb_analysis.editions.opened import Pack
from lscb_analysis.editions.verdicts import (
    estimates,
    make_ahead,
    remember,
    thresholds,
    verdict_table,
)
from lscb_analysis.statistics.comparisons import dispersed, two_rates
from lscb_analysis.statistics.mixes import mix_changes

EDITION = "southend-2017-19"
UNCLEAR = ("no clear change", "too few to tell")
FIRST_TESTED = ("primary_need", "plans", "conferences", "abuse")
"""The comparisons that the figures worked by hand below are tested with."""
TESTED = (*FIRST_TESTED, "looked_after")


@pytest.fixture
def project(project):
    """The copied project with all chapters of the edition."""
    shutil.copyfile(CHECKOUT / WHOLE, project / WHOLE)
    return project


def judged(*questions, reverse=False):
    """The verdicts of the edition, by question; of a few questions only if these are named."""
    edition = read_edition(EDITION)
    kept = [c for c in edition.comparisons if not questions or c.question in questions]
    chosen = edition.model_copy(update={"comparisons": kept[::-1] if reverse else kept})
    return verdict_table(chosen).set_index("question")


@cache
def published():
    return judged()


def redefine(project, measure, **changes):
    """Change a measure of the project's dictionary."""
    path = project / DICTIONARY / "measures.csv"
    known = pd.read_csv(path, dtype=str, keep_default_na=False)
    changes |= {"dispersion_source": "invented"} if "dispersion" in changes else {}
    known.loc[known["measure"] == measure, list(changes)] = list(changes.values())
    known.to_csv(path, index=False)


def step_up(p_values):
    """Benjamini & Hochberg's procedure as they state it: reject the k smallest, k the last below its line."""
    order = np.argsort(p_values)
    below = np.flatnonzero(np.array(p_values)[order] <= 0.05 * np.arange(1, len(order) + 1) / len(order))
    rejected = np.zeros(len(order), bool)
    rejected[order[: below.max() + 1 if len(below) else 0]] = True
    return rejected


p_value_lists = st.lists(st.floats(0, 1) | st.floats(0, 0.06), min_size=1, max_size=20)


def test_thethresholds_reject_what_benjamini_and_hochberg_reject():
    # Benjamini & Hochberg (1995), J R Stat Soc B 57:289-300, section 4: the first four at 5%
    clear = [0.0001, 0.0004, 0.0019, 0.0095]
    unclear = [0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    p_values = np.array([*clear, *unclear])
    assert (p_values <= thresholds(p_values)).tolist() == [True] * 4 + [False] * 11


@settings(deadline=None)
@given(p_value_lists)
def test_a_p_value_is_below_its_threshold_just_when_it_is_rejected(p_values):
    adjusted = stats.false_discovery_control(p_values)
    assume(np.abs(adjusted - 0.05).min() > 1e-9)
    rejected = np.array(p_values) <= thresholds(np.array(p_values))
    assert rejected.tolist() == (adjusted <= 0.05).tolist() == step_up(p_values).tolist()


@settings(deadline=None)
@given(p_value_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_does_not_matter(p_values, random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = thresholds(np.array(p_values)[order])
    np.testing.assert_array_equal(shuffled, thresholds(np.array(p_values))[order])


@settings(deadline=None)
@given(p_value_lists, st.integers(0, 19), st.floats(0, 1))
def test_a_tests_threshold_does_not_depend_on_its_own_p_value(p_values, which, other):
    i = which % len(p_values)
    changed = [other if j == i else p for j, p in enumerate(p_values)]
    assert thresholds(np.array(p_values))[i] == thresholds(np.array(changed))[i]


def test_what_was_not_tested_has_no_threshold_and_is_not_counted():
    limits = thresholds(np.array([0.04, math.nan, 0.9]))
    # of two tests: alone it must lie below 5% of a half, after the other is rejected below 5%
    assert limits[[0, 2]] == pytest.approx([0.025, 0.05])
    assert math.isnan(limits[1])


def test_there_is_one_verdict_for_each_comparison_in_order():
    declared = [comparison.question for comparison in read_edition(EDITION).comparisons]
    assert published().index.tolist() == declared


def test_the_order_of_the_comparisons_does_not_matter():
    backwards = judged(reverse=True)
    pd.testing.assert_frame_equal(backwards.loc[published().index], published(), check_like=True)


def test_every_verdict_follows_from_the_step_up_procedure_over_the_edition():
    tested = published().dropna(subset="p_value")
    assert set(TESTED) <= set(tested.index)
    assert (published()["compared"] == len(tested)).all()
    clear = ~tested["verdict"].isin(UNCLEAR)
    assert clear.tolist() == step_up(tested["p_dispersed"]).tolist()


def test_each_threshold_is_five_per_cent_of_the_share_rejected_if_its_own_test_were():
    tested = published().dropna(subset="p_value")
    dispersed = tested["p_dispersed"].to_numpy()
    for i, threshold in enumerate(tested["threshold"]):
        others = np.where(np.arange(len(dispersed)) == i, 0, dispersed)
        assert threshold == pytest.approx(0.05 * step_up(others).sum() / len(others))


def test_the_p_value_of_conferences_in_time_is_fishers_mid_p():
    # 105 of 159 after 146 of 321; scipy's one-sided Fisher less half the table's own probability
    above = stats.fisher_exact([[105, 54], [146, 175]], alternative="greater").pvalue
    point = stats.hypergeom.pmf(105, 480, 251, 159)
    assert published().loc["conferences", "p_value"] == pytest.approx(2 * (above - point / 2))


def test_dispersion_divides_the_squared_deviate():
    for question in ("plans", "conferences"):
        row = published().loc[question]
        deviate = stats.norm.isf(row["p_value"] / 2) / math.sqrt(row["dispersion"])
        assert row["dispersion"] > 1
        assert row["p_dispersed"] == pytest.approx(2 * stats.norm.sf(deviate))


def test_dispersion_divides_the_chi_squared_of_a_mix():
    row = published().loc["primary_need"]
    assert row["p_dispersed"] == pytest.approx(
        stats.chi2.sf(row["statistic"] / row["dispersion"], row["degrees"])
    )


@pytest.mark.parametrize(
    ("measure", "question"), [("icpc_in_time_percent", "conferences"), ("cpp_rate", "plans")]
)
def test_independent_children_leave_the_p_value_as_it_is(project, measure, question):
    redefine(project, measure, dispersion="1")
    row = judged(question).loc[question]
    assert row["p_dispersed"] == pytest.approx(row["p_value"])


@pytest.mark.parametrize(
    ("measure", "question"),
    [("icpc_in_time_percent", "conferences"), ("cpp_rate", "plans"), ("primary_need", "primary_need")],
)
def test_the_verdict_tips_at_the_dispersion_it_names(project, measure, question):
    asked = ("primary_need", "plans", "conferences")
    tips_at = judged(*asked).loc[question, "tips_at"]
    redefine(project, measure, dispersion=f"{tips_at * 0.999:.9f}")
    assert judged(*asked).loc[question, "verdict"] not in UNCLEAR
    redefine(project, measure, dispersion=f"{tips_at * 1.001:.9f}")
    assert judged(*asked).loc[question, "verdict"] in UNCLEAR


@pytest.mark.parametrize(
    ("polarity", "rose", "fell"),
    [
        ("higher is better", "better", "worse"),
        ("lower is better", "worse", "better"),
        ("neither", "higher", "lower"),
    ],
)
def test_a_clear_change_is_worded_by_the_polarity_of_its_measure(project, polarity, rose, fell):
    # conferences in time rose from 45.5% to 66.0%, the rate of plans fell from 56.7 to 29.7
    redefine(project, "icpc_in_time_percent", polarity=polarity)
    redefine(project, "cpp_rate", polarity=polarity)
    words = judged("conferences", "plans")["verdict"]
    assert words.to_dict() == {"conferences": rose, "plans": fell}


def test_a_mix_that_clearly_differs_has_changed(project):
    redefine(project, "primary_need", dispersion="1")
    row = judged("primary_need", "plans").loc["primary_need"]
    assert (row["verdict"], row["category"]) == ("changed", "Total")
    assert math.isnan(row["change"])


def test_a_mix_keeps_the_totals_of_both_periods_and_no_single_categorys_figures():
    row = published().loc["abuse"]
    assert (row["denominator_before"], row["denominator"]) == (263, 110)
    assert row[["numerator", "value", "change", "lower", "upper"]].isna().all()


@pytest.mark.parametrize("question", ["care_leavers_17_18", "care_leavers_19_21"])
def test_a_percentage_without_numbers_is_not_compared_and_says_why(question):
    row = published().loc[question]
    assert (row["verdict"], row["reason"]) == ("not compared", "no number behind the earlier figure")
    assert row[["p_value", "p_dispersed", "threshold", "tips_at", "lower", "upper"]].isna().all()


def test_comparisons_that_cannot_be_made_do_not_cost_the_others_anything():
    tested = published().dropna(subset="p_value")
    pd.testing.assert_series_equal(judged(*tested.index)["threshold"], tested["threshold"])


def test_totals_that_are_not_given_follow_from_the_print():
    frame = estimates(read_edition(EDITION), "conferences")
    assert frame["denominator"].tolist() == [216, 321, 159]
    assert frame["numerator"].tolist() == [103, 146, 105]


def test_the_editions_confidence_reaches_the_intervals():
    edition = read_edition(EDITION, confidence=0.998)
    conferences = [c for c in edition.comparisons if c.question == "conferences"]
    wide = verdict_table(edition.model_copy(update={"comparisons": conferences})).iloc[0]
    usual = published().loc["conferences"]
    assert wide["confidence"] == 0.998
    assert set(estimates(edition, "conferences")["confidence"]) == {0.998}
    assert wide["lower"] < usual["lower"] < usual["upper"] < wide["upper"]


@pytest.mark.parametrize(
    "counts", [{"table": "conference"}, {"table": "conferences", "measure": "icpc_on_time"}]
)
def test_a_comparison_of_what_is_not_there_is_refused(counts):
    edition = read_edition(EDITION)
    wrong = edition.comparisons[2].model_copy(update={"counts": counts})
    with pytest.raises(EditionError, match=r"conferences|icpc_in_time"):
        verdict_table(edition.model_copy(update={"comparisons": [wrong]}))


@pytest.mark.parametrize("method", ["mix", "rate", "none"])
def test_an_edition_of_one_kind_of_comparison_or_of_none_has_the_same_columns(method):
    whole = read_edition("southend-2017-19")
    some = [comparison for comparison in whole.comparisons if comparison.method == method]
    part = verdict_table(
        read_edition("southend-2017-19", comparisons=[comparison.model_dump() for comparison in some])
    )
    assert list(part.columns) == list(verdict_table(whole).columns)
    assert len(part) == len(some)


def test_a_mix_without_figures_for_a_period_is_not_compared(project):
    for table, measure in (("dfe_primary_need", "cin_by_primary_need"), ("primary_need", "primary_need")):
        path = project / DATA / f"{table}.csv"
        rows = path.read_text("utf-8").splitlines(keepends=True)
        kept = [row for row in rows if not (row.startswith("2017,R") and f",{measure}," in row)]
        path.write_text("".join(kept), "utf-8")
    need = judged().loc["primary_need"]
    assert (need["verdict"], need["reason"]) == (
        "not compared",
        "no figure for the earlier period: it has no row",
    )


@pytest.mark.parametrize("periods", [{"previous": 2014}, {"latest": 2025}])
def test_periods_without_any_figures_are_refused(periods):
    with pytest.raises(EditionError, match=r"No comparison has figures for both \d+ and \d+\. Give"):
        verdict_table(read_edition(EDITION, **periods))


def test_rows_added_for_a_later_year_leave_an_earlier_edition_as_it_was(project):
    before = verdict_table(read_edition(EDITION))
    for table in ("child_protection_plans", "conferences"):
        path = project / DATA / f"{table}.csv"
        rows = path.read_text("utf-8").splitlines()
        latest = [row for row in rows if row.startswith("2018,Reporting") and "-text" not in row]
        years = (("2018,R", "2019,R"), ("2018-03-31", "2019-03-31"), ("2017-04-01", "2018-04-01"))
        later = [reduce(lambda row, year: row.replace(*year), years, row) for row in latest]
        path.write_text("\n".join([*rows, *later]) + "\n", "utf-8")
    after = verdict_table(read_edition(EDITION))
    pd.testing.assert_frame_equal(before, after)
    assert estimates(read_edition(EDITION), "plans")["time_period"].max() == 2018
    assert estimates(read_edition(EDITION, latest=2019), "conferences")["time_period"].max() == 2019


def test_a_printed_figure_that_its_numbers_do_not_give_is_not_compared_and_says_so(project):
    path = project / DATA / "child_protection_plans.csv"
    path.write_text(path.read_text("utf-8").replace("29.7,29.7", "27.9,27.9"), "utf-8")
    plans = verdict_table(read_edition(EDITION)).set_index("question").loc["plans"]
    assert (plans["verdict"], plans["reason"]) == (
        "not compared", "a figure printed for the later period that its numbers do not give",
    )  # fmt: skip


def test_a_question_that_the_edition_does_not_ask_is_refused_with_the_nearest():
    with pytest.raises(EditionError, match="Did you mean 'plans'"):
        estimates(read_edition(EDITION), "plan")


def test_the_smallest_visible_changes_are_those_of_the_edition_by_simulation():
    # both years vary, siblings and all: a negative binomial count is a Poisson count of a gamma mean
    plans = published().loc["plans"]
    rng, extra = np.random.default_rng(20180331), plans["dispersion"] - 1
    for size in (-plans["smallest_fall"], plans["smallest_rise"]):
        rate_before = plans["numerator_before"] / plans["denominator_before"]
        means = np.array([rate_before * plans["denominator_before"],
                          rate_before * plans["denominator"] * (1 + size / 100)])  # fmt: skip
        before, now = rng.poisson(rng.gamma(means / extra, extra, (20_000, 2))).T
        p_values = two_rates(now, plans["denominator"], before, plans["denominator_before"])
        called = dispersed(p_values, plans["dispersion"]) <= 0.05 / plans["compared"]
        assert called.mean() == pytest.approx(0.8, abs=0.015)


def test_a_mix_has_a_smallest_shift_and_the_others_a_smallest_fall_and_rise():
    mixes, others = published().loc[["primary_need", "abuse"]], published().loc[["plans", "conferences"]]
    assert (mixes["smallest_shift"] > 0).all()
    assert mixes[["smallest_fall", "smallest_rise"]].isna().all(axis=None)
    assert (others[["smallest_fall", "smallest_rise"]] > 0).all(axis=None)
    assert others["smallest_shift"].isna().all()


@pytest.mark.parametrize("question", ["primary_need", "abuse"])
def test_it_is_too_few_to_tell_if_a_change_that_matters_could_have_gone_unseen(project, question):
    row = published().loc[question]
    measure = row["measure"]
    for matters, verdict in ((0.99, "too few to tell"), (1.01, "no clear change")):
        redefine(project, measure, smallest_change=f"{row['smallest_shift'] * matters:.6f}")
        assert judged().loc[question, "verdict"] == verdict


def test_a_rise_that_no_numbers_could_show_is_too_few_to_tell(project):
    # two plans, then none: no fall could have been seen
    path = project / DATA / "child_protection_plans.csv"
    text = path.read_text("utf-8").replace(",220,220,", ",2,2,").replace(",116,116,", ",0,0,")
    path.write_text(text.replace("56.7,56.7", "0.5,0.5").replace("29.7,29.7", "0.0,0.0"), "utf-8")
    row = judged("plans").loc["plans"]
    assert (row["verdict"], row["smallest_fall"]) == ("too few to tell", math.inf)


def test_where_the_interval_and_the_verdict_differ_it_is_marked(project):
    # independent children: p = 0.00002 and an interval of 11.1 to 29.3; at a dispersion of 5 it is chance
    assert not published().loc["conferences", "at_odds"]
    redefine(project, "icpc_in_time_percent", dispersion="5")
    row = judged().loc["conferences"]
    assert row["verdict"] in UNCLEAR
    assert row["lower"] > 0
    assert row["at_odds"]


def test_a_mix_is_marked_where_one_of_its_intervals_leaves_no_change_out():
    mix = mix_changes(estimates(read_edition(EDITION), "primary_need"), 2017, 2018)
    excludes = ((mix["lower"] > 0) | (mix["upper"] < 0)).any()
    assert excludes
    assert published().loc["primary_need", "at_odds"]


def test_stocks_are_marked_and_years_are_not():
    stock = published()["stock"]
    assert stock[["primary_need", "plans", "children_in_need"]].all()
    assert not stock[["conferences", "abuse", "referrals", "care_leavers_17_18", "care_leavers_19_21"]].any()


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_of_the_data_does_not_matter(project, random):
    before = published()
    for path in (project / DATA).glob("*.csv"):
        head, *rows = path.read_text("utf-8").splitlines()
        random.shuffle(rows)
        path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    pd.testing.assert_frame_equal(judged(), before, check_exact=False)


def test_an_area_redrawn_between_the_periods_is_not_compared(project):
    for table in ("child_protection_plans", "population"):
        path = project / DATA / f"{table}.csv"
        rows = path.read_text("utf-8").splitlines()
        year = "2018" if table == "child_protection_plans" else "2017"
        moved = [row.replace("E06000033", "E06000099") if row.startswith(year) else row for row in rows]
        path.write_text("\n".join(moved) + "\n", "utf-8")
    row = judged("plans").loc["plans"]
    codes = "(E06000033 before, E06000099 now)"
    assert (row["verdict"], row["reason"]) == (
        "not compared", f"a different area under the same name {codes}",
    )  # fmt: skip


def test_the_rate_of_plans_worked_by_hand():
    # 220 of 38,781, then 116 of 39,115: given 336 plans in all, those of 2018 are binomial with share
    # 39,115 / 77,896 = 0.50214, so 168.72 are expected with a variance of 168.72 x 0.49786 = 84.00;
    # 116 lies (168.72 - 116) / 9.165 = 5.75 deviates below. Halved variance by 2.4: 5.75 / 1.549 = 3.71,
    # two-sided 0.0002. It tips where 5.75 over the root of the dispersion is the deviate of the
    # threshold: 2 of 4 are rejected, 5% x 2/4 = 0.025, deviate 2.241; (5.75 / 2.241)^2 = 6.58
    plans = judged(*FIRST_TESTED).loc["plans"]
    assert plans["change"] == pytest.approx(100 * ((116 / 39_115) / (220 / 38_781) - 1))
    assert plans["p_dispersed"] == pytest.approx(0.0002, abs=5e-5)
    deviate = stats.norm.isf(plans["threshold"] / 2)
    assert plans["tips_at"] == pytest.approx((5.75 / deviate) ** 2, rel=0.02)


def test_conferences_in_time_worked_by_hand():
    # 105 of 159 after 146 of 321: 251 of 480 in all, hypergeometric mean 159 x 251/480 = 83.14, variance
    # 83.14 x (229/480) x (321/479) = 26.58; (105 - 83.14) / 5.156 = 4.24 deviates; over the root of 2.4
    # 2.737, two-sided 0.0062; tips at (4.24 / 2.241)^2 = 3.58
    row = judged(*FIRST_TESTED).loc["conferences"]
    assert row["p_dispersed"] == pytest.approx(0.0062, abs=3e-4)
    deviate = stats.norm.isf(row["threshold"] / 2)
    assert row["tips_at"] == pytest.approx((4.24 / deviate) ** 2, rel=0.02)


def test_a_category_that_no_list_knows_stops_the_edition(project):
    path = project / DATA / "dfe_primary_need.csv"
    path.write_text(path.read_text("utf-8").replace("Low income", "Low incomes"), "utf-8")
    with pytest.raises(EditionError, match="Did you mean 'Low income'"):
        judged("primary_need")


def test_a_category_left_out_stops_the_edition(project):
    path = project / DATA / "dfe_primary_need.csv"
    rows = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join(row for row in rows if not (row.startswith("2018") and "Low income" in row)) + "\n"
    )
    with pytest.raises(EditionError, match="no row for Low income in 2018"):
        judged("primary_need")


def test_a_category_left_out_of_the_print_stops_the_edition(project):
    path = project / DATA / "primary_need.csv"
    rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(row for row in rows if "Abuse or neglect" not in row) + "\n", "utf-8")
    with pytest.raises(EditionError, match="no row for Abuse or neglect in 2016"):
        judged("primary_need")


def test_a_mix_with_a_print_that_its_numbers_do_not_give_is_not_compared(project):
    path = project / DATA / "primary_need.csv"
    path.write_text(path.read_text("utf-8").replace("86.6,86.6", "86.7,86.7"), "utf-8")
    row = judged("primary_need", "plans").loc["primary_need"]
    assert (row["verdict"], row["reason"]) == (
        "not compared", "a figure printed for the earlier period that its numbers do not give",
    )  # fmt: skip
    assert math.isnan(row["p_value"])


def test_a_mix_of_a_redrawn_area_is_not_compared(project):
    for table in ("dfe_plans_starting", "categories_of_abuse"):
        path = project / DATA / f"{table}.csv"
        rows = path.read_text("utf-8").splitlines()
        moved = [row.replace("E06000033", "E06000099") if row.startswith("2018") else row for row in rows]
        path.write_text("\n".join(moved) + "\n", "utf-8")
    row = judged("abuse", "plans").loc["abuse"]
    codes = "(E06000033 before, E06000099 now)"
    assert (row["verdict"], row["reason"]) == (
        "not compared", f"a different area under the same name {codes}",
    )  # fmt: skip


def test_a_mix_with_few_expected_can_be_called_changed(project):
    # invented: half of the children whose plans were for neglect, then nearly none
    path = project / DATA / "dfe_plans_starting.csv"
    text = path.read_text("utf-8").replace("Neglect,76,76", "Neglect,18,18")
    text = text.replace("Emotional abuse,18,18", "Emotional abuse,76,76")
    path.write_text(text, "utf-8")
    printed = project / DATA / "categories_of_abuse.csv"
    text = printed.read_text("utf-8").replace("69.1,69.1", "xx").replace("16.4,16.4", "69.1,69.1")
    printed.write_text(text.replace("xx", "16.4,16.4"), "utf-8")
    row = judged().loc["abuse"]
    assert row["test"] == "chi-squared, simulated"
    assert row["verdict"] == "changed"
    assert row["tips_at"] > 2.4


def test_a_measure_without_a_smallest_change_that_matters_stops_the_edition(project):
    redefine(project, "cpp_rate", smallest_change="")
    with pytest.raises(EditionError, match=r"cpp_rate.*smallest_change"):
        judged("plans")


def test_verdicts_that_another_process_made_are_taken_over_while_the_data_stay_as_they_were(
    project, monkeypatch
):
    monkeypatch.setattr(verdicts, "_made", {})
    made = make_ahead(str(project), EDITION)
    monkeypatch.setattr(verdicts, "_made", {})
    remember({made_of: table.assign(verdict="taken over") for made_of, table in made.items()})
    assert set(judged()["verdict"]) == {"taken over"}
    redefine(project, "cpp_rate", dispersion="3")
    assert "taken over" not in set(judged()["verdict"])


def test_of_data_that_do_not_hold_nothing_is_made_ahead(project, monkeypatch):
    monkeypatch.setattr(verdicts, "_made", {})
    redefine(project, "cpp_rate", polarity="sideways")
    assert make_ahead(str(project), EDITION) == {}


def test_of_an_edition_that_compares_nothing_or_mixes_alone_there_are_no_histories():
    edition = read_edition(EDITION)
    mixes = [comparison for comparison in edition.comparisons if comparison.method == "mix"]
    assert mixes
    for asked in (mixes, []):
        assert Pack(edition.model_copy(update={"comparisons": asked})).histories().frame.empty
