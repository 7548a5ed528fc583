"""Leaving care and adoption: facts of the chapter, and what must not be in it."""

import pandas as pd
import pytest
from scipy import stats

from lscb_analysis import compare, load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import declared, estimates, verdict_table
from lscb_analysis.statistics import given_away, implied_counts, standing, suppressed_bounds

PACK = read_edition("southend-2017-19")


def test_the_printed_numbers_of_adoptions_are_the_only_ones_that_give_the_printed_percentages():
    adopted, printed, totals = (declared(PACK, "adopted", part) for part in ("counts", "printed", "totals"))
    assert implied_counts(adopted, totals, printed)["value"].dropna().tolist() == [25, 35]
    # 25 of the 105 that the table prints would be 24%
    in_table = load("leaving_care", measure="cla_ceased", source="report-5.3-adoption", time_period=2016)
    assert 100 * 25 / in_table["value"].item() == pytest.approx(23.81, abs=0.005)


def test_the_last_two_years_are_not_compared_and_the_first_and_the_last_are_without_a_verdict():
    row = verdict_table(PACK).set_index("question").loc["adopted"]
    assert (row["verdict"], row["reason"]) == (
        "not compared", "no number behind the earlier figure: its source withholds it",
    )  # fmt: skip
    found = compare(estimates(PACK, "adopted"), 2016, 2018).iloc[0]
    assert found["change"] == pytest.approx(100 * (35 / 113 - 25 / 107))
    assert found["lower"] < 0 < found["upper"]
    # scipy's test of independence, without a correction for continuity, sees as little in it
    assert found["p_value"] == pytest.approx(
        stats.chi2_contingency([[35, 78], [25, 82]], correction=False).pvalue, abs=0.02
    )


def test_the_withheld_number_is_said_to_be_narrowed_down_and_nothing_of_it_leaves():
    adopted, printed = declared(PACK, "adopted", "counts"), declared(PACK, "adopted", "printed")
    left = load("leaving_care", measure="cla_ceased", source="report-5.3-adoption")
    withheld = adopted[adopted["status"] == "c"]
    bounds = suppressed_bounds(withheld, left, percentages=printed, least=1, complete=False)
    told = given_away(bounds)
    assert told[["time_period", "exact", "narrowed"]].to_numpy().tolist() == [[2017, False, True]]
    assert not {"lower", "upper", "value"} & set(told.columns)


def test_the_departments_total_for_the_withheld_year_is_kept_out():
    # beside the printed percentage it would leave a single number for what is withheld
    assert load("dfe_leaving_care", measure="cla_ceased")["time_period"].tolist() == [2016, 2018]


def test_the_claim_of_a_place_is_checked_against_every_authority():
    country = load("dfe_leaving_care", measure="cla_adopted_percent", time_period=2018)
    assert len(country) == country["area_code"].nunique() == 151
    row = standing(country, PACK.area).iloc[0]
    ranked = country["value"].rank(ascending=False, method="min")
    assert row["best"] == ranked[country["area_name"] == PACK.area].item()
    assert row["untold"] == country["value"].isna().sum()
    assert pd.notna(row["worst"])
