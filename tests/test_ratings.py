"""Partners' ratings: summaries against hand and the standard library, feasibility against brute force."""

import re
import statistics
from fractions import Fraction
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from lscb_analysis import load
from lscb_analysis.data import files
from lscb_analysis.data.schema import DataError
from lscb_analysis.records import feasible, read_ratings, summarise
from lscb_analysis.records.ratings import FEWEST, LARGEST_PANEL, check_summaries

CHECKOUT = Path(__file__).resolve().parents[1]
EXAMPLE = CHECKOUT / "data" / "examples" / "ratings.csv"
HALVES = [1, 1.5, 2, 2.5, 3, 3.5, 4]


def rated(*ratings, statement="s", raters=None):
    names = raters or [f"r{number}" for number in range(len(ratings))]
    return pd.DataFrame({"statement": statement, "rater": names, "rating": list(ratings)})


def told(*ratings, **how):
    return summarise(rated(*ratings), **how).iloc[0]


@pytest.mark.parametrize(
    ("ratings", "mode", "mean", "spread"),
    [
        ((3, 3, 3, 2, 4), "3", 3.0, 2),
        ((2, 2, 2, 3, 3, 3), "2/3", 2.5, 1),
        ((3, 3, 2.5, 2.5, 4, 1), "2.5/3", 2.7, 3),
        ((1, 1.5, 2, 2.5, 3), "none", 2.0, 2),
        ((4, 4, 4, 4, 3.5), "4", 3.9, 0.5),
        ((2, 2, 3, 3, 3, 2, 2, 3, 3, 3.5), "3", 2.7, 1.5),  # 2.65, rounded half up
        ((3, None, 3, 2, 4, 3), "3", 3.0, 2),
    ],
)
def test_mode_mean_and_range_by_hand(ratings, mode, mean, spread):
    row = told(*ratings)
    assert (row["mode"], row["mean"], row["range"], row["status"]) == (mode, mean, spread, "")
    assert row["raters"] == sum(rating is not None for rating in ratings)


def hidden(row):
    return row["status"] == "c" and row[["mode", "mean", "range", "raters"]].isna().all()


def test_fewer_than_five_ratings_are_withheld_missing_ones_not_counted():
    assert hidden(told(3, 2, 3, 4))
    assert hidden(told(3, 2, 3, 4, None, None))
    assert hidden(told(None, None, None, None, None))
    assert not hidden(told(3, 2, 3, 4, 1))


def test_ratings_that_are_all_the_same_are_withheld_unless_it_was_agreed():
    assert hidden(told(3, 3, 3, 3, 3, 3))
    row = told(3, 3, 3, 3, 3, 3, unanimous=True)
    assert (row["mode"], row["mean"], row["range"]) == ("3", 3.0, 0)
    assert hidden(told(3, 3, 3, 3, unanimous=True))


FIRST = rated(3, 2, 3, 4, 3)


@pytest.mark.parametrize(
    ("later", "withheld"),
    [
        (FIRST, False),
        (rated(3, 2, 3, 4, 3, 1), True),  # one more partner
        (rated(3, 2, 3, 4, 2), True),  # one changed
        (rated(3, 2, 3, 4, 3, 1, 2, 3, 4), True),  # four more
        (rated(3, 2, 3, 4, 3, 1, 2, 3, 4, 2), False),  # five more
        (rated(3, 2, 3, 4, 3, 1, 1, 1, 1, 1), True),  # five more, all the same
        (rated(3, 2, 3, 4, 3, statement="another"), False),
    ],
)
def test_a_summary_that_would_tell_the_difference_from_an_earlier_one_is_withheld(later, withheld):
    assert hidden(summarise(later, before=FIRST).iloc[0]) == withheld


def test_an_earlier_summary_that_was_withheld_itself_tells_nothing():
    assert not hidden(summarise(rated(3, 2, 3, 4, 3), before=rated(3, 2, 3, 4)).iloc[0])


def test_statements_stay_in_their_order_and_no_rater_and_no_rating_comes_out():
    table = pd.concat([rated(3, 2, 3, 4, 3, statement=name) for name in ("z", "a")])
    summary = summarise(table)
    assert list(summary["statement"]) == ["z", "a"]
    assert list(summary.columns) == ["statement", "mode", "mean", "range", "raters", "status"]
    assert not summary.astype(str).isin([f"r{number}" for number in range(5)]).any(axis=None)


def test_every_problem_of_a_table_is_told_at_once(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("statement,rater,rating\ns,A,5\ns,A,2\ns,,3\n,B,2.25\ns,C,good\ns,D,\n", "utf-8")
    with pytest.raises(DataError) as refused:
        read_ratings(path)
    found = {(problem.row, problem.column) for problem in refused.value.problems}
    assert found == {
        *((2, "rating"), (3, "statement, rater"), (4, "rater")),
        *((5, "statement"), (5, "rating"), (6, "rating")),
    }
    assert not re.search("2.25|good|'", str(refused.value)), "a rating that nobody published is quoted"
    assert all(problem.remedy and path.name in problem.file for problem in refused.value.problems)


@pytest.mark.parametrize("column", ["statement", "rater", "rating"])
def test_a_missing_column_is_named(column):
    with pytest.raises(DataError, match=f"column {column}: is missing"):
        summarise(FIRST.drop(columns=column))


def test_a_frame_of_numbers_is_checked_like_a_file():
    with pytest.raises(DataError, match=r"row 3, column rating: is no rating"):
        summarise(rated(3, 4.5, 2, 3, 4))


def test_the_example_is_invented_is_no_table_of_data_and_gives_what_the_page_says():
    ratings = read_ratings("data/examples/ratings.csv")
    assert ratings["rater"].str.startswith("Invented").all()
    assert "ratings" not in files.tables()
    page = (CHECKOUT / "docs" / "ratings.md").read_text("utf-8")
    lines = re.findall(r"^\| ((?!statement|-).*?) *\|$", page, re.M)
    said = [[cell.strip() for cell in line.split("|")] for line in lines]
    rows = summarise(ratings).astype(object).fillna("").to_numpy()
    assert said == [[f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]


def test_the_calls_of_the_page_give_what_it_says():
    page = (CHECKOUT / "docs" / "ratings.md").read_text("utf-8")
    calls = re.findall(r"^lscb\.records\.feasible\((.*)\)  # (\[.*?\])", page, re.M)
    assert len(calls) == 2
    for arguments, answer in calls:
        assert str(eval(f"feasible({arguments})")) == answer


# Feasibility, against every table of ratings there is, listed another way and in fractions.


def brute(mode, mean, spread, raters, values, cut=False):
    """With how many ratings a summary is possible: by listing every ordered table, in fractions."""
    found = []
    for n in range(FEWEST, raters + 1):
        for ratings in product([Fraction(value) for value in values], repeat=n):
            if list(ratings) != sorted(ratings):
                continue
            modes = sorted(statistics.multimode(ratings)) if len(set(ratings)) < n else []
            text = "/".join(f"{float(value):g}" for value in modes) or "none"
            scale = 10 ** len(mean.partition(".")[2]) if mean else 1
            exact = sum(ratings) / n * scale
            shown = exact // 1 if cut else (2 * exact + 1) // 2
            if (
                (mode is None or text == mode)
                and (mean is None or Fraction(int(shown), scale) == Fraction(mean))
                and (spread is None or max(ratings) - min(ratings) == Fraction(spread))
            ):
                found.append(n)
                break
    return found


@pytest.mark.parametrize(
    ("mode", "mean", "spread", "cut"),
    [
        ("4", "3.5", "1", False),
        ("4", "3.5", "1", True),
        ("3", "3.4", "1.5", False),
        ("2/3", "2.5", "1", False),
        ("2/3", "2.7", "1.5", False),
        ("3", "3", "0", False),
        ("none", "2.0", "2", False),
        (None, "2.83", "1", False),
        (None, None, "3", False),
        ("3.5", None, None, False),
        ("1/2/3", "2.0", "2", False),
        ("3", "9.9", "1", False),
    ],
)
def test_feasible_agrees_with_listing_every_table(mode, mean, spread, cut):
    assert feasible(mode, mean, spread, 6, cut=cut) == brute(mode, mean, spread, 6, HALVES, cut)
    assert feasible(mode, mean, spread, 6, step=1, cut=cut) == brute(mode, mean, spread, 6, [1, 2, 3, 4], cut)


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from([None, "none", "1", "2", "3.5", "4", "2/3", "1.5/2", "3/3.5/4"]),
    mean=st.none() | st.integers(10, 40).map(lambda tenths: f"{tenths / 10:.1f}"),
    spread=st.sampled_from([None, "0", "0.5", "1", "1.5", "2", "3"]),
    cut=st.booleans(),
)
def test_feasible_agrees_with_brute_force_for_five_ratings(mode, mean, spread, cut):
    assert feasible(mode, mean, spread, 5, cut=cut) == brute(mode, mean, spread, 5, HALVES, cut)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*HALVES, None]), min_size=FEWEST, max_size=9))
def test_the_summary_of_any_real_table_is_feasible(ratings):
    row = told(*ratings, unanimous=True)
    if row["status"] == "":
        printed = row["mode"], f"{row['mean']:.1f}", f"{row['range']:g}"
        assert row["raters"] in feasible(*printed, int(row["raters"]))
        if all(rating is None or rating % 1 == 0 for rating in ratings):
            assert row["raters"] in feasible(*printed, int(row["raters"]), step=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(HALVES), min_size=FEWEST, max_size=9))
def test_from_five_ratings_on_only_those_that_are_all_the_same_are_withheld(ratings):
    row = told(*ratings)
    assert hidden(row) == (len(set(ratings)) == 1)


@pytest.mark.parametrize("raters", [0, FEWEST - 1, LARGEST_PANEL + 1])
def test_a_panel_too_small_or_too_large_is_refused(raters):
    with pytest.raises(ValueError, match=f"{raters} raters"):
        feasible("3", "3", "1", raters)


@pytest.mark.parametrize(
    "figures", [("three", "3", "1"), ("3", "-3", "1"), ("3", "3", "~1"), ("2-3", "3", "1")]
)
def test_a_text_that_is_no_figure_is_refused(figures):
    with pytest.raises(ValueError, match="is no printed rating"):
        feasible(*figures, 6)


def test_the_printed_summaries_of_the_report_are_checked_row_by_row():
    checks = check_summaries(load("self_assessment"), raters=6).set_index("category")
    assert list(checks.index[~checks["possible"]]) == [
        *("Members: skills and experience", "Risk register", "Chair raises the profile")
    ]
    assert list(checks.index[~checks["possible_cut"] & ~checks["possible"]]) == ["Risk register"]
    assert not checks.loc["Data on abuse and neglect", "possible_whole"]
    assert "Annual report" not in checks.index
    assert {"Who is responsible for what", "Peer review and self-audit"} <= set(checks.index)
