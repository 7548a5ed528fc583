"""Charts of many years and of many categories: what is labelled is told apart, and nothing is refused."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from invented import rows

import lscb_analysis as lscb
from lscb_analysis.pages.charts import MOST_NARROW_TICKS, PALETTE
from lscb_analysis.release import Release
from lscb_analysis.statistics import proportion


def of_years(values, category="Total", measure="icpc_in_time_percent"):
    """Shares in years that end in 2013 and on, each of 100."""
    made = []
    for year, value in enumerate(values, 2013):
        days = {"period_start": pd.Timestamp(year - 1, 4, 1), "period_end": pd.Timestamp(year, 3, 31)}
        own = {"time_period": year, "time_identifier": "Reporting year", **days}
        made.append({**own, "category": category, "measure": measure, "value": value, "unit": "number"})
    counts = rows(*made)
    return proportion(counts, counts.assign(value=100, category="Total", status=""))


def drawings(frame):
    """The texts of the wide and of the narrow drawing."""
    html = str(lscb.charts.line(Release(frame, "published")).html)
    return [re.findall(r"<text[^>]*>([^<]+)</text>", svg) for svg in re.findall(r"(?s)<svg.*?</svg>", html)]


def test_of_thirteen_years_the_last_the_highest_and_the_lowest_are_labelled():
    wide, narrow = drawings(of_years([50, 51, 52, 90, 53, 54, 55, 20, 56, 57, 58, 59, 60]))
    for texts in (wide, narrow):
        assert [text for text in texts if "%" in text] == ["60.0%", "90.0%", "20.0%", "50.0%"]


def test_a_label_next_to_one_that_matters_more_is_left_out():
    """The highest is next to the first, and the lowest next to the last."""
    wide, _ = drawings(of_years([50, 90, 52, 51, 53, 54, 55, 52, 56, 57, 58, 20, 60]))
    assert [text for text in wide if "%" in text] == ["60.0%", "90.0%"]


@pytest.mark.parametrize("years", [3, 5, 8, 13])
def test_the_last_year_is_always_named_and_a_narrow_drawing_names_no_more_than_fit(years):
    for texts, most in zip(drawings(of_years([50] * years)), (8, MOST_NARROW_TICKS), strict=True):
        named = [text[-4:] for text in texts if re.fullmatch(r"(20\d\d to )?20\d\d", text)]
        assert str(2012 + years) in named
        assert len(named) <= max(most, 1)


def test_more_categories_than_colours_stand_in_small_drawings_of_one_each():
    parts = ["Neglect", "Physical abuse", "Sexual abuse", "Emotional abuse", "Multiple"]
    assert len(parts) > len(PALETTE)
    frame = pd.concat([of_years([20, 20], part, "category_of_abuse") for part in parts])
    for texts in drawings(frame):
        for part in parts:
            assert part in " ".join(texts)
