"""Referrals: the Department's counts behind every share that the report prints."""

from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import declared, estimates
from lscb_analysis.statistics import given_away, suppressed_bounds
from lscb_analysis.statistics.estimates import AS_PRINTED

EDITION = read_edition("southend-2017-19")


def test_every_share_printed_is_that_of_the_departments_counts_and_every_dash_is_withheld():
    shares = estimates(EDITION, "referrals")
    assert not shares["method"].str.startswith(AS_PRINTED).any()
    withheld = shares[shares["printed"] == "-"]
    assert set(withheld["status"]) == {"c"}
    assert withheld[["time_period", "category"]].to_numpy().tolist() == [
        [2016, "Education services"],
        [2016, "Unknown"],
    ]


def test_in_the_years_compared_the_counts_reach_their_total_and_no_withheld_one_is_given_away():
    counts, totals = (declared(EDITION, "referrals", part) for part in ("counts", "totals"))
    reached = counts.groupby("time_period")["value"].sum()
    whole = totals.set_index("time_period")["value"]
    assert reached[[2017, 2018]].tolist() == whole[[2017, 2018]].tolist() == [2229, 2325]
    assert not given_away(suppressed_bounds(counts, totals, least=1))["narrowed"].any()
