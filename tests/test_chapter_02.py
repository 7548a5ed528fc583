"""Children in need: what the flows of the Department's table say of the stocks that the report prints."""

from lscb_analysis import agreed, load, remainder
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import declared

EDITION = read_edition("southend-2017-19")


def episodes(measure):
    return load("dfe_episodes_of_need", measure=measure)


def test_what_was_open_in_a_year_and_did_not_end_is_the_number_that_the_report_prints():
    rest = remainder(episodes("cin_at_any_point"), episodes("cin_ended"), "cin_at_31_march")
    printed = declared(EDITION, "children_in_need", "counts")
    assert rest["value"].tolist() == printed["value"].tolist() == [964, 1387, 1323]


def test_a_year_does_not_begin_with_what_the_last_one_ended_with():
    begun_before = remainder(episodes("cin_at_any_point"), episodes("cin_started"), "cin_carried_over")
    assert begun_before["value"].tolist() == [932, 887, 1078]


def test_the_three_places_that_state_the_number_agree():
    stated = agreed(load("children_in_need", measure="cin_at_31_march"))
    places = stated.set_index("time_period")["source"].str.split().map(len)
    assert places.to_dict() == {2016: 1, 2017: 3, 2018: 3}
