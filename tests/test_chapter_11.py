"""Chapter 11: the tables of training as printed (section 3.4.6), and what follows from them."""

import pytest

from lscb_analysis import load
from lscb_analysis.statistics import common_totals, conclusive_common_totals

PRINTED = {
    ("training_level_3", "training_level_3", "NHS Castle Point and Rochford CCG"): "84% 86% 98% 83%",
    ("training_level_3", "training_level_3", "NHS Southend CCG"): "80% 94% 100% 93%",
    ("training_levels", "training_level_2", "NHS Southend CCG"): "32% 84% 85% 90%",
    ("training_levels", "training_level_4", "NHS Southend CCG"): "100% 100% 100% 100%",
    ("training_levels", "training_level_5", "NHS Southend CCG"): "100% 100% 100% 100%",
    ("training_levels", "training_governing_body", "NHS Southend CCG"): "100% 100% 100% 100%",
}


@pytest.mark.parametrize(("key", "printed"), PRINTED.items())
def test_the_quarters_are_those_printed_and_make_one_financial_year(key, printed):
    table, measure, area = key
    rows = load(table, measure=measure, area_name=area).sort_values("period_end")
    assert " ".join(rows["printed"]) == printed
    assert rows["time_identifier"].tolist() == [f"Financial year Q{quarter}" for quarter in range(1, 5)]
    assert (rows["period_end"].max() - rows["period_start"].min()).days == 364


def test_the_sentence_on_the_last_quarter_says_what_the_table_says():
    table = load("training_levels", measure="training_level_2", time_identifier="Financial year Q4")
    said = load("training_text", measure="training_level_2")
    key = ["area_code", "period_start", "period_end", "value"]
    assert said[key].to_dict("records") == table[key].to_dict("records")


def test_every_number_of_staff_that_could_be_printed_so_puts_the_recovery_beyond_chance():
    both = set(common_totals("32")) & set(common_totals("84"))
    assert conclusive_common_totals("84", "32") == (min(both), min(both)) == (19, 19)
