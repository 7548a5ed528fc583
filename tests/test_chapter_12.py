"""Chapter 12: what follows from the sentences on family court cases (section 3.4.9), worked out by hand."""

import pytest

from lscb_analysis import load
from lscb_analysis.statistics import implied_earlier

BY_HAND = {  # the latest year and the change as printed
    ("Care applications", 2017): 14_207 + 392,
    ("Care applications", 2016): 14_207 - 1_415,
    ("Private law cases", 2017): 42_058 - 1_522,
    ("Private law cases", 2016): 42_058 - 4_643,
}
SHARES = {  # the change as a share of the earlier year
    ("Care applications", 2017): 392 / 14_599,
    ("Care applications", 2016): 1_415 / 12_792,
    ("Private law cases", 2017): 1_522 / 40_536,
    ("Private law cases", 2016): 4_643 / 37_415,
}


@pytest.fixture(scope="module")
def court():
    rows = load("family_court")
    measures = {measure: rows[rows["measure"] == measure] for measure in rows["measure"].unique()}
    return measures | {"shares": rows[rows["unit"] == "%"]}


def test_the_earlier_years_are_those_of_the_arithmetic_and_each_number_fits_its_percentage(court):
    cases, more, fewer = (court[f"family_court_{part}"] for part in ("cases", "more", "fewer"))
    earlier = implied_earlier(cases, more, fewer, court["shares"])
    found = {(row.category, row.time_period): row.value for row in earlier.itertuples()}
    assert found == BY_HAND
    assert earlier["fits"].all()
    assert earlier["area_name"].unique().tolist() == ["England"]


def test_the_percentages_printed_are_those_of_the_arithmetic(court):
    printed = {(row.category, row.time_period): row.value for row in court["shares"].itertuples()}
    assert {key: round(100 * share, 1) for key, share in SHARES.items()} == printed


def test_the_service_areas_inspected_are_those_rated():
    value = load("partner_inspections").set_index("measure")["value"]
    rated = value["cafcass_areas_outstanding"] + value["cafcass_areas_good"]
    assert rated == value["cafcass_areas_inspected"]
