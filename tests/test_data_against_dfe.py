"""The rows of data/ that the Department for Education published, held against its own files."""

import pandas as pd
import pytest

from lscb_analysis.data.files import load, tables
from lscb_analysis.statistics.estimates import decimals, rounded
from lscb_analysis.statistics.implied import implied_totals

SOUTHEND = "E06000033"
YEARS = [2016, 2017, 2018]
NEED = "children-in-need/2019-20"
CARE = "children-looked-after/2017-18"

FILES = {
    "dfe-cin-2020-b1-episodes": f"{NEED}/b1_children_in_need_2013_to_2020.csv",
    "dfe-cin-2020-c1": f"{NEED}/c1_children_in_need_referrals_and_rereferrals_2013_to_2020.csv",
    "dfe-cin-2020-c5": f"{NEED}/c5_children_in_need_referrals_by_source_2014_to_2020.csv",
    "dfe-cin-2020-b3": f"{NEED}/b3_cin_primary_need_2013_to_2020.csv",
    "dfe-cin-2020-d2": f"{NEED}/d2_cpps_starting_by_category_of_abuse_2013_to_2020.csv",
    "dfe-cin-2020-population": f"{NEED}/ons_mid-year_population_estimates.csv",
    "dfe-cla-2018-cla2018": f"{CARE}/CLA2018.csv",
    "dfe-cla-2018-cea2018": f"{CARE}/CEA2018.csv",
    "dfe-cla-2018-care-leavers-17-18": f"{CARE}/CareLeavers17182018_amended.csv",
    "dfe-cla-2018-care-leavers-19-21": f"{CARE}/CareLeavers_Act_InTouch19to212018_amended.csv",
}
COLUMNS = {
    ("cin_at_31_march", "Total"): "At31_episodes",
    ("cin_by_primary_need", "Abuse or neglect"): "N1_Abuse_or_neglect",
    ("cin_by_primary_need", "Child's disability or illness"): "N2_Childs_disability_or_illness",
    ("cin_by_primary_need", "Parent's disability or illness"): "N3_Parents_disability_or_illness",
    ("cin_by_primary_need", "Family in acute stress"): "N4_Family_in_acute_stress",
    ("cin_by_primary_need", "Family dysfunction"): "N5_Family_dysfunction",
    ("cin_by_primary_need", "Socially unacceptable behaviour"): "N6_Socially_unacceptable_behaviour",
    ("cin_by_primary_need", "Low income"): "N7_Low_income",
    ("cin_by_primary_need", "Absent parenting"): "N8_Absent_parenting",
    ("cin_by_primary_need", "Cases other than children in need"): "N9_Cases_other_than_CIN",
    ("cin_by_primary_need", "Not stated"): "N0_Not_stated",
    ("cin_at_any_point", "Total"): "Anypoint_episodes",
    ("cin_started", "Total"): "Started_episodes",
    ("cin_ended", "Total"): "Ended_episodes",
    ("referrals", "Total"): "Referrals",
    ("referrals_by_source", "Individual"): "Individual",
    ("referrals_by_source", "Schools"): "Schools",
    ("referrals_by_source", "Education services"): "Education_Services",
    ("referrals_by_source", "Health services"): "Health_Services",
    ("referrals_by_source", "Housing"): "Housing",
    ("referrals_by_source", "LA services"): "LA_Services",
    ("referrals_by_source", "Police"): "Police",
    ("referrals_by_source", "Other legal agency"): "Other_legal_agency",
    ("referrals_by_source", "Other"): "Other",
    ("referrals_by_source", "Anonymous"): "Anonymous",
    ("referrals_by_source", "Unknown"): "Unknown",
    ("cpp_starting", "Total"): "CPP_start",
    ("cpp_starting_by_abuse", "Neglect"): "Neglect_Initial",
    ("cpp_starting_by_abuse", "Physical abuse"): "Physical_Initial",
    ("cpp_starting_by_abuse", "Sexual abuse"): "Sexual_Initial",
    ("cpp_starting_by_abuse", "Emotional abuse"): "Emotional_Initial",
    ("cpp_starting_by_abuse", "Multiple"): "Multiple_Initial",
    ("population_0_17", "Total"): "population_estimate",
    ("cla_at_31_march", "Total"): "CLA_Mar{year}",
    ("cla_ceased", "Total"): "CLA_cease{year}",
    ("cla_adopted_percent", "Total"): "CEA_Adop_pc",
    ("care_leavers_17_18", "Total"): "CL_All_17&18",
    ("care_leavers_17_18_in_eet", "Total"): "CL_Act_EET17&18",
    ("care_leavers_19_21", "Total"): "CL_All_19to21",
    ("care_leavers_19_21_in_eet", "Total"): "CL_Act_EET19to21",
    ("care_leavers_19_21_not_known", "Total"): "CL_Act_NoInf19to21",
}
"""The column of each figure; `{year}` where a file has one column for each year."""
OLD_SYMBOLS = {"x": "c"}
"""What the Department wrote for a withheld figure up to 2018, and what it writes now."""


def published(path):
    """A file of the Department's as strings, by authority and year; by authority alone if it is wide."""
    frame = pd.read_csv(
        path, dtype=str, keep_default_na=False, encoding="utf-8-sig", encoding_errors="replace"
    )
    code = "new_la_code" if "new_la_code" in frame else "New_geog_code"
    frame = frame[frame[code] != ""]
    year = frame["time_period"].astype(int) if "time_period" in frame else 2018
    return frame.assign(area=frame[code], time_period=year).set_index(["area", "time_period"])


def southend(path):
    """Southend's rows of a file of the Department's, as strings, by year."""
    return published(path).loc[SOUTHEND]


def departments_rows():
    every = pd.concat(load(table) for table in tables())
    return every[every["source"].str.startswith("dfe-")]


def figure(file, row):
    """What a file of the Department's has for a row of ours."""
    column = COLUMNS[row.measure, row.category]
    year = 2018 if "{year}" in column else row.time_period
    [text] = file.loc[[(row.area_code, year)], column.format(year=row.time_period)]
    return OLD_SYMBOLS.get(text, text)


def test_every_row_of_the_departments_is_the_departments_figure(dfe):
    files = {source: published(dfe / path) for source, path in FILES.items()}
    rows = departments_rows()
    theirs = [figure(files[row.source], row) for row in rows.itertuples()]
    ours = [row.status or f"{row.value:.0f}" for row in rows.itertuples()]
    assert ours == theirs
    assert len(ours) > 50


def test_all_of_the_departments_tables_used_are_used_in_every_year():
    rows = departments_rows()
    periods = rows.groupby(["measure", "category"])["time_period"].agg(sorted)
    single = [key for key in COLUMNS if key[0].startswith(("care_leavers", "cla_ceased", "cla_adopted"))]
    assert periods.drop([("population_0_17", "Total"), *single]).map(lambda years: years == YEARS).all()
    # a rate of March 2016 needs the population of mid-2015
    assert periods["population_0_17", "Total"] == [2015, 2016, 2017]


def test_conferences_implied_by_the_print_are_the_departments_number(dfe):
    counts = load("conferences", measure="icpc_in_time")
    printed = load("conferences", measure="icpc_in_time_percent", time_identifier="Reporting year")
    implied = implied_totals(counts, printed, "icpc").set_index("time_period")["value"]
    theirs = southend(dfe / NEED / "c4_children_in_need_section_47s_and_icpcs_2013_to_2020.csv").loc[YEARS]
    assert implied.tolist() == theirs["ICPC"].astype(int).tolist() == [216, 321, 159]
    in_time = theirs["Duration_0-10_days"].astype(int) + theirs["Duration_11-15_days"].astype(int)
    assert counts["value"].tolist() == in_time.tolist()


@pytest.mark.parametrize(
    ("table", "measure", "source", "file", "column"),
    [
        (
            "children_in_need",
            "cin_at_31_march",
            "report-5.2-children-in-need",
            "b1_children_in_need",
            "At31_episodes",
        ),
        (
            "children_in_need",
            "cin_rate",
            "report-5.2-children-in-need",
            "b1_children_in_need",
            "At31_episodes_rate",
        ),
        (
            "child_protection_plans",
            "cpp_at_31_march",
            "report-5.2-plans",
            "d1_child_protection_plans",
            "CPP_At31",
        ),
        (
            "child_protection_plans",
            "cpp_rate",
            "report-5.2-plans",
            "d1_child_protection_plans",
            "CPP_At31_rate",
        ),
    ],
)
def test_the_reports_numbers_and_rates_are_the_departments(dfe, table, measure, source, file, column):
    rows = load(table, measure=measure, source=source)
    theirs = southend(dfe / NEED / f"{file}_2013_to_2020.csv").loc[rows["time_period"], column].astype(float)
    places = rows["printed"].map(decimals)
    assert rows["value"].tolist() == [float(rounded(v, p)) for v, p in zip(theirs, places, strict=True)]


@pytest.mark.parametrize(
    ("measure", "source", "column"),
    [
        ("eet_17_18", "dfe-cla-2018-care-leavers-17-18", "CL_Act_EET17&18_pc"),
        ("eet_19_21", "dfe-cla-2018-care-leavers-19-21", "CL_Act_EET19to21_pc"),
    ],
)
def test_the_reports_percentage_of_care_leavers_in_2018_is_the_departments(dfe, measure, source, column):
    printed = load("care_leavers", measure=measure, time_period=2018)["printed"].tolist()
    assert printed == southend(dfe / FILES[source])[column].tolist()
