"""Children looked after: facts of the chapter, checked by hand against the report."""

from lscb_analysis import agreed, load, remainder, versions
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import estimates
from lscb_analysis.statistics.estimates import rate
from lscb_analysis.statistics.implied import possible_totals

PACK = read_edition("southend-2017-19")


def test_the_numbers_used_give_every_rate_printed_and_those_of_the_table_do_not():
    used = load("dfe_looked_after", measure="cla_at_31_march")
    population = load("population", source="dfe-cin-2020-population")
    printed = load("children_looked_after", measure="cla_rate", source="report-5.2-looked-after")
    assert estimates(PACK, "looked_after")["numerator"].tolist() == [262, 282, 291]
    in_table = load("children_looked_after", measure="cla_at_31_march", source="report-5.2-looked-after")
    found = versions(rate(in_table, population), used, printed)
    assert found["stands"].tolist() == ["rounded", "rounded", "same"]
    assert found["gives"].tolist() == ["printed", "another", "printed"]


def test_half_of_the_children_outside_the_area_is_half_of_all_looked_after():
    assert possible_totals(147, "50.5") == [291]


def test_both_places_of_the_report_state_the_same_placements_and_they_leave_some_children_out():
    homes = agreed(load("placements", measure="cla_by_home"))
    assert homes.set_index("category")["value"].to_dict() == {
        "With a foster family": 213,
        "In a residential children's home": 19,
        "With parents": 10,
        "In a residential special school": 0,
    }
    rest = remainder(load("dfe_looked_after", time_period=2018), homes, "cla_home_not_named")
    assert rest["value"].tolist() == [291 - 213 - 19 - 10]
