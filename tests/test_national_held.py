"""Figures of areas from invented releases: each of the newest that has it, its total of the same one."""

from __future__ import annotations

import csv

import pandas as pd
import pytest

from lscb_analysis.data import dictionary
from lscb_analysis.data.national import importer, reading
from lscb_analysis.data.national.areas import Area
from lscb_analysis.data.national.held import alongside, held, of_each, sums
from lscb_analysis.editions import read_edition

HERE = Area("Anytown", "Local authority", "E12000006", ["E06000099"], ["999"], ["Anytown"], 2023, 2025)
THERE = HERE._replace(name="England", level="National", region="", codes=["E92000001"], old_codes=[])
MEASURES = {"visits": "children", "children": "", "calls": ""}
SCHEMES = {"calls": {"By day", "By night", "Unknown"}}


def row(release="care-2025", measure="visits", year=2025, value: float | str = 10.0, **others):
    """A row of a tidy frame, as `lscb import` makes it: a status stands where a value is text."""
    told = not isinstance(value, str)
    area = others.pop("area", HERE)
    return {
        **dict.fromkeys(reading.COLUMNS, ""),
        **{"release": release, "table": "t1", "time_period": year, "time_identifier": "Reporting year"},
        **{"period_start": pd.Timestamp(year, 3, 31), "period_end": pd.Timestamp(year, 3, 31)},
        **{"geographic_level": area.level, "area_code": area.codes[0], "area_name": area.name},
        **{"old_code": "".join(area.old_codes), "measure": measure, "category": "Total", "kind": "count"},
        **{"value": value if told else float("nan"), "status": "" if told else value},
        **{"nearest": 0.0, "least": float("nan"), "most": float("nan")},
        **others,
    }


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Keep rows as releases, in the same Parquet form, in a project of their own; return what is held."""
    folder = tmp_path / "data" / "national"
    (tmp_path / "notebooks" / "editions").mkdir(parents=True)
    monkeypatch.setenv("LSCB_PROJECT", str(tmp_path))

    def keep(*rows, areas=(HERE,)):
        frame = pd.DataFrame(rows, columns=reading.COLUMNS)
        frame = frame.astype(dict.fromkeys(reading.TEXTS, "category")).astype({"time_period": "int32"})
        for name, of in frame.groupby("release", observed=True):
            importer._write(of.reset_index(drop=True), folder / f"{name}.parquet")
        with (folder / reading.FILES).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(reading.LISTS[reading.FILES])
            lines.writerows([name, "t1", "t1.csv", "", 1, 1] for name in frame["release"].unique())
        return held(areas, MEASURES, SCHEMES)

    return keep


def told(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(rows[["time_period", "value", "source"]].itertuples(index=False, name=None))


def test_a_years_figure_is_that_of_the_newest_release_that_has_it(kept):
    rows = kept(
        row("care-2024", year=2023, value=7),
        row("care-2024", year=2024, value=8),
        row("care-2025", year=2024, value=9),
        row("care-2025", year=2025, value=10),
    )
    assert sorted(told(rows)) == [
        (2023, 7, "care-2024-t1"),
        (2024, 9, "care-2025-t1"),
        (2025, 10, "care-2025-t1"),
    ]


@pytest.mark.parametrize(("newer", "value"), [("x", 8.0), ("z", 8.0), ("c", None), (9.0, 9.0)])
def test_what_a_newer_release_withholds_an_older_one_does_not_tell(kept, newer, value):
    """A year that it does not have may come from before; one that it withholds is withheld."""
    rows = kept(row("care-2024", year=2024, value=8), row("care-2025", year=2024, value=newer))
    [(_, found, _)] = told(rows)
    assert found == value if value else pd.isna(found)


def test_a_share_has_the_total_of_the_release_of_its_count(kept):
    """The newest total is of another release than the newest count."""
    rows = kept(
        row("care-2024", year=2024, value=8),
        row("care-2024", "children", year=2024, value=80),
        row("care-2025", "children", year=2024, value=90),
    )
    every = of_each(rows)
    assert told(every[every["measure"] == "children"]) == [(2024, 90, "care-2025-t1")]
    counts, totals = every[every["measure"] == "visits"], rows[rows["measure"] == "children"]
    assert told(alongside(totals, counts)) == [(2024, 80, "care-2024-t1")]
    assert alongside(totals[totals["release"] == "care-2025"], counts).empty


def test_a_year_is_that_of_a_periods_end_though_it_is_filed_under_the_rate_it_makes(kept):
    end = pd.Timestamp(2024, 6, 30)
    [population] = kept(row(measure="children", period_start=end, period_end=end)).to_dict("records")
    assert (population["time_period"], population["filed"]) == (2024, 2025)


@pytest.mark.parametrize(
    ("value", "nearest", "printed"),
    [(66.0, 0.1, "66.0"), (66.0, 1.0, "66"), (400.0, 10.0, "400"), (7.0, 0.0, "7"), ("c", 0.0, "c")],
)
def test_a_figure_is_printed_with_the_decimals_of_its_rounding(kept, value, nearest, printed):
    assert kept(row(value=value, nearest=nearest))["printed"].tolist() == [printed]


def test_an_area_whose_code_changed_is_one_and_goes_by_its_newest_name(kept):
    rows = kept(row(year=2024, area_code="E10000099", area_name="Any Town"), row(year=2025))
    assert rows["area_code"].unique() == ["E06000099"]
    assert rows["area_name"].unique() == ["Anytown"]


def test_other_areas_and_figures_of_several_together_are_left_out(kept):
    other = HERE._replace(codes=["E06000098"], old_codes=["998"])
    rows = kept(row(), row(area=other), row(area=THERE), row(year=2024, joined="E06000098 E06000099"))
    assert told(rows) == [(2025, 10, "care-2025-t1")]
    assert len(kept(row(), row(area=THERE), areas=(HERE, THERE))) == 2


def test_a_measure_with_a_category_that_the_dictionary_lacks_is_left_out_whole(kept):
    rows = kept(row(measure="calls", category="By day"), row(measure="calls", category="At dawn"), row())
    assert rows["measure"].unique() == ["visits"]


@pytest.mark.parametrize(
    ("parts", "value", "status"),
    [((3, 4), 7, ""), ((3, "c"), None, "c"), (("x", "c"), None, "c"), (("x", 4), None, "x")],
)
def test_a_sum_is_told_where_all_its_parts_are(kept, parts, value, status):
    named = zip(("By day", "By night"), parts, strict=True)
    rows = kept(*(row(measure="calls", category=of, value=part, nearest=10.0) for of, part in named))
    [found] = sums(rows, [("known_calls", "calls", ("By day", "By night"))]).to_dict("records")
    assert (found["measure"], found["category"], found["status"]) == ("known_calls", "Total", status)
    assert found["value"] == value if value else pd.isna(found["value"])
    assert found["nearest"] == 20  # each part may be half of ten out


def test_of_a_sum_no_part_may_be_lacking(kept):
    rows = kept(row(measure="calls", category="By day"))
    assert sums(rows, [("known_calls", "calls", ("By day", "By night"))]).empty


def test_the_dictionary_has_the_sources_of_national_statistics_from_their_maps():
    read_edition("authority", area="Thurrock")
    of = dictionary().sources.set_index("source")
    b1 = of.loc["children-in-need-2025-b1"]
    assert (b1["publisher"], b1["release"]) == ("Department for Education", "2024 to 2025")
    assert (b1["access"], b1["published"]) == ("published", "2025-10")
    assert of.loc["injuries-2024-injuries", "publisher"] != b1["publisher"]
    read_edition("southend-2017-19")
    assert "children-in-need-2025-b1" not in set(dictionary().sources["source"])
