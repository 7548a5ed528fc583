"""What `lscb import` makes of the Department's files, held against them as Python's own reader has them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from lscb_analysis.data.national import importer, reading
from lscb_analysis.data.national.importer import import_releases
from lscb_analysis.data.national.maps import map_of

CHECKOUT = Path(__file__).resolve().parents[1]
SOUTHEND = "E06000033"
CIN, CLA = "children-in-need", "children-looked-after"
RELEASES = [
    *(f"{CIN}-{year}" for year in (2020, 2024, 2025)),
    *(f"{CLA}-{year}" for year in (2018, 2021, 2024, 2025)),
    *("injuries-2024", "inspections-2025", "neighbours-2021", "neighbours-2025"),
    *("outcomes-2025", "workforce-2025"),
]


def file(dfe, path):
    """The rows of a file of the Department's, as dictionaries of strings."""
    [found] = dfe.glob(path)
    with found.open(encoding="cp1252" if "2017-18" in path else "utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def kept(release, *measures, **where):
    frame = reading.release(release, *measures)
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    return frame


def number(release, measure, area=SOUTHEND, year=2018, category="Total"):
    [row] = kept(release, measure, area_code=area, time_period=year, category=category).to_dict("records")
    return row["value"] if not row["status"] else row["status"]


def test_all_that_the_department_published_is_imported_as_it_is_kept(dfe, tmp_path, monkeypatch):
    """Every file is known, column by column and label by label; and its bytes are those that are kept."""
    root = tmp_path / "project"
    (root / "notebooks" / "editions").mkdir(parents=True)
    (root / "data" / "dictionary").mkdir(parents=True)
    (root / "data" / "dictionary" / "releases").symlink_to(CHECKOUT / "data" / "dictionary" / "releases")
    monkeypatch.setenv("LSCB_PROJECT", str(root))
    done, left_out = import_releases([dfe])
    assert [one.release for one in done] == RELEASES
    assert {Path(path).name for path in left_out} == {"README.md", "data-guidance.txt", "metadata.txt"}
    made = {path.name: path.read_bytes() for path in (root / "data" / "national").iterdir()}
    there = CHECKOUT / "data" / "national"
    assert made == {path.name: path.read_bytes() for path in there.iterdir() if path.suffix != ".md"}
    assert sum(map(len, made.values())) < 5_000_000
    assert max(map(len, made.values())) <= 2**20


def test_every_map_says_when_its_release_came_out():
    for release in RELEASES:
        publication, _, year = release.rpartition("-")
        found = map_of(publication, int(year))
        assert found.title
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", found.published), release


@pytest.mark.parametrize("release", RELEASES)
def test_no_number_is_there_twice_and_no_symbol_is_a_number(release):
    frame = reading.release(release)
    assert not frame.duplicated(importer.KEY).any()
    assert ((frame["status"] == "") == frame["value"].notna()).all()
    assert {*frame["status"]} <= {"", "c", "x", "z", "u", "k", "low"}
    assert (frame["period_start"] <= frame["period_end"]).all()
    assert not (frame["least"] > frame["most"]).any()
    assert frame["area_code"].astype(str).str.len().gt(0).all()


def test_a_measure_is_the_same_kind_of_number_in_every_release():
    kinds = {}
    for release in RELEASES:
        frame = reading.release(release)
        for measure, kind in frame[["measure", "kind"]].drop_duplicates().to_numpy():
            kinds.setdefault(measure, set()).add(kind)
    assert {measure: found for measure, found in kinds.items() if len(found) > 1} == {}


WHOLE = [
    # file, release, column, measure, labels of the rows, category
    (f"{CIN}/2019-20/b1_*.csv", f"{CIN}-2020", "At31_episodes", "cin_at_31_march", {}, "Total"),
    (f"{CIN}/2019-20/b1_*.csv", f"{CIN}-2020", "At31_episodes_rate", "cin_rate", {}, "Total"),
    (f"{CIN}/2023-24/c4_*.csv", f"{CIN}-2024", "Duration_11-15_days", "icpc_by_days", {}, "11 to 15 days"),
    (f"{CIN}/2023-24/c6_*.csv", f"{CIN}-2024", "April", "referrals_by_month", {}, "April"),
    (f"{CIN}/2024-25/c1_*.csv", f"{CIN}-2025", "rereferral_percent", "rereferrals_percent", {}, "Total"),
    (f"{CIN}/2024-25/c3_*.csv", f"{CIN}-2025", "Neglect", "assessments_by_factor", {}, "Neglect"),
    (f"{CIN}/2024-25/d5_*.csv", f"{CIN}-2025", "2_years_or_more", "cpp_by_duration", {}, "2 years or more"),
    (
        f"{CLA}/2023-24/la_care_leavers_activity.csv", f"{CLA}-2024", "percentage", "eet_19_21",
        {"age": "Aged 19 to 21", "activity": "Total in education, employment or training"}, "Total",
    ),
    (
        f"{CLA}/2024-25/la_care_leavers_activity.csv", f"{CLA}-2025", "care_leaver_count",
        "care_leavers_17_18_by_activity",
        {"care_leaver_age": "17 to 18 years", "breakdown": "In an apprenticeship"}, "Apprenticeship",
    ),
    (
        f"{CLA}/2024-25/la_cla_during_year_new_placements.csv", f"{CLA}-2025", "children_percent",
        "new_placements_by_distance_percent",
        {"breakdown": "Placed outside LA boundary more than 20 miles from home"},
        "Outside the boundary, more than 20 miles",
    ),
    (
        f"{CLA}/2023-24/la_conviction_health_outcome_cla.csv", f"{CLA}-2024", "number", "sdq_score",
        {"characteristic": "SDQ average score"}, "Total",
    ),
    (
        "outcomes/2024-25/absence_la.csv", "outcomes-2025", "pt_pupils_pa_10_exact",
        "persistent_absence_percent",
        {"social_care_group": "CPPO at 31 March", "phase_type_grouping": "Special"},
        "Children on plans; Special",
    ),
    (
        "outcomes/2024-25/ks2_la.csv", "outcomes-2025", "t_rwm_met_expected_standard", "ks2_expected",
        {"social_care_group": "CINO at 31 March"}, "Children in need",
    ),
    (
        "outcomes/2024-25/ks4_la.csv", "outcomes-2025", "avg_att8", "attainment_8",
        {"social_care_group": "CLA 12 months at 31 March"}, "Children looked after for 12 months",
    ),
    ("workforce/2024-25/csww_*.csv", "workforce-2025", "caseload_fte", "caseload", {}, "Total"),
]  # fmt: skip
"""Columns of the Department's, chosen over all its files, and where they must be found whole."""

NAMES_OF_KEY = ("new_la_code", "region_code", "country_code")


@pytest.mark.parametrize(("path", "release", "column", "measure", "labels", "category"), WHOLE)
def test_a_column_is_there_whole_cell_by_cell(dfe, path, release, column, measure, labels, category):
    """Each area and year of it, number for number and symbol for symbol."""
    expected = {}
    for row in file(dfe, path):
        if all(row[name] == label for name, label in labels.items()):
            code = next(filter(None, (row[name] for name in NAMES_OF_KEY)))
            year = int(row["time_period"])
            year = year if year < 10_000 else year // 100 + 1
            expected[code, year] = row[column]
    assert len(expected) > 300
    found = {}
    for row in kept(release, measure, category=category).to_dict("records"):
        found[row["area_code"], row["time_period"]] = row["status"] or row["value"]
    meanings = {"..": "x", ":": "x"}
    assert found == {
        key: float(cell) if re.fullmatch(r"-?[\d.]*\d", cell) else meanings.get(cell, cell)
        for key, cell in expected.items()
    }


@pytest.mark.parametrize(
    ("path", "release", "first"),
    [
        ("outcomes/2024-25/absence_la.csv", "outcomes-2025", "t_pupils"),
        ("outcomes/2024-25/ks2_la.csv", "outcomes-2025", "t_read_eligible_pupils"),
        ("outcomes/2024-25/ks4_la.csv", "outcomes-2025", "t_pupils"),
        ("workforce/2024-25/csww_indicators_2017_to_2025.csv", "workforce-2025", "inpost_fte"),
        (f"{CIN}/2023-24/b1_*.csv", f"{CIN}-2024", "Anypoint_episodes"),
        (f"{CIN}/2024-25/b1_*.csv", f"{CIN}-2025", "Anypoint_episodes"),
        (f"{CIN}/2024-25/c3_*.csv", f"{CIN}-2025", "Episodes_with_assessment_factor"),
    ],
)
def test_as_many_numbers_and_symbols_are_kept_as_a_file_has(dfe, path, release, first):
    counted, table = Counter(), Path(path).stem.split("_")[0].replace("csww", "indicators")
    for row in file(dfe, path):
        names = [*row]
        for cell in (row[name] for name in names[names.index(first) :]):
            counted["numbers" if re.fullmatch(r"-?[\d.]*\d", cell) else cell] += 1
    frame = kept(release, table=table)
    found = Counter(status or "numbers" for status in frame["status"])
    assert found == counted


def test_a_symbol_belongs_to_its_release(dfe):
    """In the files of 2017-18 x is what is withheld; later it is what is not available."""
    [row] = [
        row for row in file(dfe, f"{CLA}/2017-18/CareLeavers1718*.csv") if row["New_geog_code"] == SOUTHEND
    ]
    assert row["CL_Act_NEET17&18"] == "x"
    assert number(f"{CLA}-2018", "care_leavers_17_18_not_in_eet") == "c"
    statuses = {release: {*reading.release(release)["status"]} for release in RELEASES}
    assert statuses[f"{CLA}-2018"] == {"", "c", "low"}
    assert statuses[f"{CLA}-2021"] == {"", "c", "low", "z"}
    assert statuses[f"{CIN}-2020"] == {"", "c", "x", "z"}
    assert statuses["workforce-2025"] == {"", "c", "x", "z", "u", "low"}


def test_what_is_withheld_may_be_zero_and_may_be_more_than_five():
    frame = kept(f"{CIN}-2024", kind="count", status="c")
    assert (frame["least"] == 0).all()
    assert (frame["most"] == float("inf")).all()
    assert (kept(f"{CLA}-2024", kind="percentage", status="k")["most"] == 0.5).all()
    [withheld] = kept("injuries-2024", "injury_admissions", status="c").to_dict("records")
    assert (withheld["least"], withheld["most"], withheld["nearest"]) == (1, 7, 5)


def test_u_stands_in_place_of_a_number():
    for area in ("E10000014", "E06000019"):  # Hampshire and Herefordshire
        assert "u" in {*kept(f"{CIN}-2024", area_code=area, time_period=2024)["status"]}


def test_england_and_regions_are_rounded_and_authorities_are_not():
    frame = kept(f"{CIN}-2025", kind="count")
    above = frame[(frame["nearest"] == 10) & frame["value"].notna()]
    assert {*above["geographic_level"]} == {"National", "Regional"}
    assert (above["value"] % 10 == 0).all()
    exact = frame[(frame["nearest"] == 0) & frame["value"].notna()]
    assert (exact["value"] % 10 != 0).any()


@pytest.mark.parametrize("release", RELEASES)
def test_every_number_is_a_multiple_of_what_it_is_rounded_to(release):
    frame = reading.release(release)
    frame = frame[frame["value"].notna() & (frame["nearest"] > 0) & (frame["kind"] != "word")]
    multiple = frame["value"] / frame["nearest"]
    odd = frame[(multiple - multiple.round()).abs() > 1e-6]
    assert odd.empty, odd[["measure", "area_name", "time_period", "value", "nearest"]].head()


def test_the_population_is_filed_under_the_year_of_its_rate(dfe):
    """What is labelled 2017 was counted in mid-2017, and makes the rate of the year to March 2018."""
    labelled = {
        row["time_period"]: row["population_estimate"]
        for row in file(dfe, f"{CIN}/2019-20/ons_*.csv")
        if row["new_la_code"] == SOUTHEND
    }
    [found] = kept(
        f"{CIN}-2020", "population_0_17", area_code=SOUTHEND, time_period=2018
    ).to_dict("records")  # fmt: skip
    assert found["value"] == float(labelled["2017"]) == 39115
    assert found["period_end"] == pd.Timestamp("2017-06-30")
    started, rate = (number(f"{CIN}-2020", name) for name in ("cin_started", "cin_started_rate"))
    assert round(started / found["value"] * 10_000, 1) == rate
    # the files on children looked after write the year of the rate beside it
    assert number(f"{CLA}-2021", "population_0_17") == number(f"{CLA}-2018", "population_0_17") == 39115
    assert number(f"{CIN}-2025", "population_0_17", year=2025) == 39611


def test_a_revised_figure_belongs_to_its_release():
    """The rates of 2018 were made again on the populations of the census of 2021."""
    assert number(f"{CIN}-2020", "cin_rate") == 338.2
    assert number(f"{CIN}-2024", "cin_rate") == 345.3
    assert number(f"{CIN}-2020", "cin_at_31_march") == number(f"{CIN}-2025", "cin_at_31_march") == 1323
    assert number(f"{CLA}-2018", "cla_at_31_march") == 291
    assert number(f"{CLA}-2021", "cla_at_31_march") == 289
    assert kept(f"{CIN}-2025", "cin_rate").empty


def test_one_column_name_changes_its_meaning_between_two_releases(dfe):
    """`characteristic` of new placements is in 2024-25 what `cla_group` was."""
    meant = {"2023-24": ("cla_group", "characteristic", "number")}
    meant["2024-25"] = ("characteristic", "breakdown", "children_count")
    for folder, (group, label, column) in meant.items():
        wanted = {"new_la_code": SOUTHEND, "time_period": "2023", label: "Total new placements"}
        wanted[group] = "Location of new placements during the year"
        rows = file(dfe, f"{CLA}/{folder}/la_cla_during_year_new_placements.csv")
        [cell] = [row[column] for row in rows if wanted.items() <= row.items()]
        assert number(f"{CLA}-20{folder[-2:]}", "new_placements", year=2023) == float(cell)


def test_a_category_that_was_replaced_is_not_applicable_and_its_parts_are_there():
    frame = kept(f"{CLA}-2024", "care_leavers_19_21_by_activity", area_code="E92000001").set_index(
        "time_period"
    )
    whole = frame[frame["category"] == "Training or employment"]["status"]
    parts = frame[frame["category"] == "Apprenticeship"]["status"]
    assert whole.sort_index().tolist() == ["", "", "z", "z", "z"]
    assert parts.sort_index().tolist() == ["z", "z", "", "", ""]
    assert "Total" not in {*frame["category"]}  # totals and subtotals are measures of their own


def test_parts_of_a_whole_come_to_it():
    """Care leavers by activity in 2024, England: each part once, no subtotal among them."""
    parts = kept(f"{CLA}-2024", "care_leavers_19_21_by_activity", area_code="E92000001", time_period=2024)
    known = number(f"{CLA}-2024", "care_leavers_19_21_in_eet", "E92000001", 2024)
    others = number(f"{CLA}-2024", "care_leavers_19_21_not_in_eet", "E92000001", 2024)
    assert parts["value"].sum() == pytest.approx(known + others, abs=5 * 7)
    every = number(f"{CLA}-2024", "care_leavers_19_21", "E92000001", 2024)
    unknown = number(f"{CLA}-2024", "care_leavers_19_21_not_known", "E92000001", 2024)
    assert known + others + unknown == pytest.approx(every, abs=5 * 4)


def test_categories_come_to_the_whole_that_their_map_names():
    """Of authorities, whose counts are exact: a few recorded less than all, and none more."""
    checked, out = Counter(), []
    key = ["release", "measure", "whole", "area_code", "time_period"]
    for release in RELEASES:
        frame = kept(release, geographic_level="Local authority", kind="count").astype({"whole": object})
        parts = frame[frame["whole"] != ""]
        sums = (
            parts.groupby(key, observed=True)["value"].agg(lambda values: values.sum(skipna=False)).dropna()
        )
        totals = frame[frame["category"] == "Total"].set_index(["measure", "area_code", "time_period"])[
            "value"
        ]
        for (_, measure, whole, area, year), value in sums.items():
            checked[release, measure] += 1
            if totals[whole, area, year] != value:
                out.append((release, measure, area, year, value, totals[whole, area, year]))
    assert checked.total() > 15_000
    assert len({measure for _, measure in checked}) > 20
    assert all(value < total for *_, value, total in out), out
    assert len(out) / checked.total() < 0.003


def test_one_column_holds_counts_averages_and_percentages():
    frame = kept(f"{CLA}-2024", table="missing")
    kinds = frame.groupby("kind", observed=True)["measure"].nunique()
    assert kinds.to_dict() == {"count": 9, "mean": 2, "percentage": 2}
    assert {*kept(f"{CLA}-2024", "sdq_score")["kind"]} == {"mean"}
    assert kept(f"{CLA}-2024", "sdq_score_percent").empty


def test_a_net_loss_is_below_zero():
    frame = kept(f"{CLA}-2021", "placements_net_gain", kind="difference")
    assert (frame["value"] < 0).any()
    gained, placed, outside = (
        number(f"{CLA}-2021", name, year=2021)
        for name in ("placements_net_gain", "placed_here_by_others", "cla_outside")
    )
    assert gained == placed - outside


def test_a_school_year_and_a_day_in_september_are_the_periods_they_are():
    [found] = kept(
        "outcomes-2025", "attainment_8", area_code="E92000001", time_period=2025, category="Children in need"
    ).to_dict("records")
    assert [str(found[day].date()) for day in ("period_start", "period_end")] == ["2024-09-01", "2025-08-31"]
    assert found["time_identifier"] == "Academic year"
    for measure, day in (("caseload", "2025-09-30"), ("turnover_rate", "2024-10-01")):
        [found] = kept("workforce-2025", measure, area_code=SOUTHEND, time_period=2025).to_dict("records")
        assert str(found["period_start"].date()) == day
        assert str(found["period_end"].date()) == "2025-09-30"


def test_a_version_is_noted():
    frame = kept("outcomes-2025", "ks2_expected_percent")
    assert {*frame[frame["time_period"] == 2025]["note"]} == {"Revised"}
    assert {*frame[frame["time_period"] < 2025]["note"]} == {"Final"}
    frame = kept("outcomes-2025", "attainment_8")
    assert {*frame[frame["note"] == "Revised"]["time_period"]} == {2020, 2021, 2025}


def test_authorities_that_are_published_together_say_so():
    frame = kept("workforce-2025", "caseload")
    joined = frame[frame["joined"] != ""]
    assert {*joined["joined"]} == {"E06000061 E06000062", "E09000021 E09000027"}
    assert {*joined["area_name"]} == {
        "North Northamptonshire / West Northamptonshire",
        "Kingston upon Thames / Richmond upon Thames",
    }
    frame = kept("injuries-2024", "injury_admissions", time_period=2024, category="Total")
    hackney = frame[frame["area_name"] == "Hackney"].to_dict("records")
    city = frame[frame["area_name"] == "City of London"].to_dict("records")
    assert [row["joined"] for row in [*hackney, *city]] == ["E09000001 E09000012"] * 2
    assert [row["status"] for row in [*hackney, *city]] == ["", "x"]


def test_england_is_in_the_file_of_injuries_twice_and_is_kept_once(dfe):
    rows = file(dfe, "health/*.csv")
    england = [row for row in rows if row["Area Code"] == "E92000001"]
    assert len(england) == 1406
    filled = {(row["Time period"], row["Sex"], row["Category Type"], row["Category"]) for row in england}
    frame = kept("injuries-2024", "population_0_14", area_code="E92000001")
    assert len(frame) == len(filled) == 703
    assert (frame["category"] == "Total").sum() == len({row["Time period"] for row in rows})
    exact = frame[frame["nearest"] == 0]
    assert len(exact) == 703
    counts = kept("injuries-2024", "injury_admissions", geographic_level="Local authority")
    assert {*counts[counts["time_period"] < 2013]["nearest"]} == {0}
    assert {*counts[counts["time_period"] >= 2013]["nearest"]} == {5}


def test_names_change_under_one_code_and_codes_under_one_name():
    frame = pd.concat([reading.release(release, "cin_at_31_march") for release in RELEASES[:3]])
    authorities = frame[frame["geographic_level"] == "Local authority"].astype(
        {"area_code": str, "area_name": str}
    )
    codes = authorities.groupby("area_name")["area_code"].unique()
    assert {*codes["Dorset"]} == {"E10000009", "E06000059"}
    assert {*codes["Somerset"]} == {"E10000027", "E06000066"}
    names = authorities.groupby("area_code")["area_name"].nunique()
    assert (names > 1).any()


def test_parts_of_london_are_regions_of_their_own():
    frame = kept(f"{CLA}-2018", "cla_at_31_march", time_period=2018, geographic_level="Regional")
    london = frame[frame["area_code"].astype(str).isin(["E12000007", "E13000001", "E13000002"])]
    assert len(frame) == 11
    inner, outer, whole = (london[london["area_name"] == name]["value"].item() for name in LONDON)
    assert inner + outer == pytest.approx(whole, abs=10)


LONDON = ("INNER LONDON", "OUTER LONDON", "LONDON")


def test_neighbours_are_ten_and_some_of_2021_were_abolished():
    for year, authorities in ((2021, 156), (2025, 153)):
        frame = reading.release(f"neighbours-{year}")
        ranks = frame.groupby("area_code", observed=True)["value"].agg(sorted)
        assert len(ranks) == authorities
        assert all(found == [*map(float, range(1, 11))] for found in ranks)
    old = {"835", "836", "837", "909", "928"}
    assert {*reading.release("neighbours-2021")["category"]} & old
    assert not {*reading.release("neighbours-2025")["category"]} & old


def test_a_judgement_is_kept_in_words_with_its_day():
    frame = kept("inspections-2025", "inspection_overall", area_name="Thurrock").sort_values("period_start")
    assert [str(day.date()) for day in frame["period_start"]] == ["2019-11-11", "2024-09-16"]
    newest = kept("inspections-2025", "inspection_overall").sort_values("period_start")
    newest = (
        newest[~newest["note"].astype(str).str.contains("No longer")]
        .groupby("area_code", observed=True)
        .tail(1)
    )
    counted = Counter(newest["category"])
    # as the sheet of what is in force has them
    assert counted == {"Good": 67, "Outstanding": 36, "Requires improvement to be good": 31, "Inadequate": 19}
    none = kept("inspections-2025", "inspection_care_leavers", status="z")
    assert none["period_start"].max() < pd.Timestamp("2023-02-01")


UNITS = {
    "number": {"count", "difference", "word"},
    "%": {"percentage"},
    "per 10,000 children": {"rate"},
    "score": {"mean"},
    "full-time equivalents": {"full-time equivalents"},
}


def national_measures():
    """What the dictionary says of each measure that a release has."""
    path = CHECKOUT / "data" / "dictionary" / "measures.csv"
    known = {row["measure"]: row for row in csv.DictReader(path.open(encoding="utf-8", newline=""))}
    for release in RELEASES:
        for measure, rows in reading.release(release).groupby("measure", observed=True):
            if measure in known:
                yield release, known[measure], rows


def test_the_dictionary_says_of_each_national_measure_what_its_numbers_are():
    """Its unit, no more decimals than are published, a denominator that is there, and its categories."""
    with (CHECKOUT / "data" / "dictionary" / "categories.csv").open(encoding="utf-8", newline="") as opened:
        categories = {(row["scheme"], row["category"]) for row in csv.DictReader(opened)}
    there = {said["measure"] for _, said, _ in national_measures()}
    assert len(there) > 140
    for release, said, rows in national_measures():
        of = f"{said['measure']} of {release}"
        assert {*rows["kind"]} <= UNITS[said["unit"]], of
        assert (rows["nearest"] <= 10 ** -float(said["decimals"]) + 1e-9)[rows["nearest"] < 1].all(), of
        assert said["denominator"] in there | {""}, of
        if said["scheme"]:
            parts = {category.partition("; ")[0] for category in rows["category"].astype(str).unique()}
            strange = {part for part in parts - {"Total"} if (said["scheme"], part) not in categories}
            assert not strange, (of, strange)
