"""Attendance and what few meetings can tell: by hand, and by listing every order."""

from itertools import combinations

import pandas as pd
import pytest
from invented import rows

from lscb_analysis.records import attendance, meetings_held
from lscb_analysis.records.meetings import fewest_since, orders

MARK = {"Y": "board_attended", "A": "board_apologies", "N": "board_neither", " ": "board_attended"}
DAYS = [pd.Timestamp(day) for day in ("2017-09-01", "2018-02-01", "2018-06-01", "2018-11-01", "2019-02-01")]


def register(**marks):
    return rows(
        *(
            {
                "category": seat, "measure": MARK[mark], "period_start": day, "period_end": day,
                "time_period": day.year, "time_identifier": "Day", "printed": mark,
                "value": None if mark == " " else 1.0,
            }
            for seat, line in marks.items()
            for day, mark in zip(DAYS, line, strict=True)
        )
    )  # fmt: skip


def shares(frame):
    return {
        (row.measure.removeprefix("attendance_of_"), row.category): (
            row.numerator,
            row.denominator,
            row.value,
        )
        for row in frame.itertuples()
    }


def test_both_ways_of_counting_by_hand_a_blank_counts_in_neither():
    found = attendance(register(zebra="YYAN ", ant="YYYY "))
    assert shares(found) == {
        ("all", "zebra"): (2, 4, 50),
        ("all", "ant"): (4, 4, 100),
        ("answers", "zebra"): (2, 3, pytest.approx(200 / 3)),
        ("answers", "ant"): (4, 4, 100),
    }
    assert list(found["category"]) == ["zebra", "ant"] * 2
    assert set(found["meetings"]) == {4}
    assert set(found["period_end"]) == {DAYS[3]}
    assert found[["lower", "upper"]].isna().all(axis=None)


def test_all_seats_together_are_added_up():
    found = attendance(register(zebra="YYANY", ant="NNNAY"), together=True)
    assert shares(found) == {
        ("all", "Total"): (4, 10, 40),
        ("answers", "Total"): (4, 6, pytest.approx(200 / 3)),
    }


def test_a_seat_that_neither_came_nor_sent_apologies_has_no_share_of_those():
    found = attendance(register(empty="NNNNN"))
    assert found["status"].tolist() == ["", "z"]
    assert found["value"].iloc[0] == 0
    assert pd.isna(found["value"].iloc[1])


def test_only_a_year_with_a_meeting_before_and_after_is_counted_whole():
    held = meetings_held(register(zebra="YYYYY", ant="YYYY "), "board_meetings_held")
    assert held[["time_period", "value"]].to_numpy().tolist() == [[2018, 3]]


@pytest.mark.parametrize(("before", "since"), [(1, 1), (4, 2), (3, 3), (4, 4), (2, 7)])
def test_the_clearest_difference_comes_about_in_two_orders_of_all(before, since):
    ranks = range(before + since)
    dealt = list(combinations(ranks, since))
    clearest = [some for some in dealt if min(some) >= before or max(some) < since]
    assert len(dealt) == orders(before, since)
    assert len(clearest) == 2


@pytest.mark.parametrize("before", [1, 2, 3, 4, 8])
def test_the_fewest_meetings_are_the_first_number_at_which_a_difference_can_exceed_chance(before):
    needed = fewest_since(before)
    assert 2 / orders(before, needed) < 0.05 <= 2 / orders(before, needed - 1)


def test_with_no_meeting_before_there_is_no_answer():
    with pytest.raises(ValueError, match="no meeting before"):
        fewest_since(0)
