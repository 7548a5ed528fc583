"""The rules of data quality: what fits is never a finding, and a contradiction always is."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from conftest import DATA
from hypothesis import given, settings, strategies as st

from lscb_analysis.data.files import dictionary, measures
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.quality import rules, withheld
from lscb_analysis.quality.figures import links
from lscb_analysis.quality.rules import FINDING, RULES, SERIOUS, findings
from lscb_analysis.release import protect

EDITION = read_edition("southend-2017-19")
LINKS = links(EDITION)
ROW = {
    "geographic_level": "Local authority",
    "area_code": "E06000033",
    "area_name": "Southend-on-Sea",
    "time_period": 2018,
    "time_identifier": "Reporting year",
    "period_start": pd.Timestamp("2018-03-31"),
    "period_end": pd.Timestamp("2018-03-31"),
    "category": "Total",
    "qualifier": "",
    "status": "",
    "source": "report-5.2-children-in-need",
    "rank": 1,
    "release": "",
    "fewest": np.nan,
}
YEAR = {"period_start": pd.Timestamp("2017-04-01"), "period_end": pd.Timestamp("2018-03-31")}
MIX = dictionary().categories.query("scheme == 'primary_need'")["category"].tolist()
exactly = settings(max_examples=60, deadline=None)
counts = st.integers(0, 400)


def figures(*changes):
    """Invented figures: each of `changes` gives a measure, a value and what else differs from `ROW`."""
    rows = [ROW | {"printed": f"{change['value']:,}"} | change for change in changes]
    known = measures()[["title", "scheme", "denominator", "unit", "counted"]]
    return pd.DataFrame(rows).astype({"value": float}).join(known, on="measure")


def percent(count, total, places=1):
    share = 100 * Decimal(count) / Decimal(total)
    return str(share.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def mix(numbers, total=None, off=0.0, source="report-5.2-primary-need"):
    """A mix of percentages of invented numbers; the first is off by so much."""
    texts = [percent(number, total or sum(numbers)) for number in numbers]
    texts[0] = f"{float(texts[0]) + off:.1f}"
    return [
        {"measure": "primary_need", "category": name, "value": float(text), "printed": text, "source": source}
        for name, text in zip(MIX, texts, strict=True)
    ]


def parts(numbers, source="dfe-cin-2020-b3"):
    return [
        {"measure": "cin_by_primary_need", "category": name, "value": number, "source": source}
        for name, number in zip(MIX, numbers, strict=True)
    ]


def whole(number, **changes):
    return {"measure": "cin_at_31_march", "value": number} | changes


def wrong(rule, *rows):
    """How many things a rule finds wrong with invented rows, and how many it checked."""
    found = RULES[rule](figures(*rows), LINKS)
    balance = found["balance"].astype(bool) if len(found) else pd.Series(dtype=bool)
    return int((~balance).sum()), len(found)


numbers_of_a_mix = st.lists(counts, min_size=len(MIX), max_size=len(MIX)).filter(
    lambda numbers: sum(numbers) > 0
)


@exactly
@given(numbers_of_a_mix)
def test_percentages_of_a_whole_always_reach_it(numbers):
    assert wrong("parts", *mix(numbers)) == (0, 1)


@exactly
@given(numbers_of_a_mix, st.floats(1.2, 50))
def test_percentages_that_rounding_does_not_bring_to_the_whole_are_always_found(numbers, off):
    assert wrong("parts", *mix(numbers, off=off)) == (1, 1)


def test_a_withheld_part_may_be_what_is_left_but_the_others_may_not_exceed_the_whole():
    rows = mix([100, *[0] * (len(MIX) - 1)])
    rows[1] |= {"value": np.nan, "status": "c", "printed": "-"}
    assert wrong("parts", *rows) == (0, 1)
    rows[0] |= {"value": 100.9, "printed": "100.9"}
    assert wrong("parts", *rows) == (1, 1)


@exactly
@given(numbers_of_a_mix, st.integers(1, 50), st.booleans())
def test_numbers_reach_their_total_and_any_other_total_is_found(numbers, off, more):
    total = sum(numbers)
    assert wrong("parts", *parts(numbers), whole(total)) == (0, 1)
    assert wrong("parts", *parts(numbers), whole(total + off if more else max(total - off, 0))) == (1, 1)


def test_what_a_sum_leaves_of_its_total_is_not_told_where_a_part_is_withheld():
    rows = parts([5, *[0] * (len(MIX) - 1)])
    rows[1] |= {"value": np.nan, "status": "c", "printed": "c"}
    found = rules.check_parts(figures(*rows, whole(7)), LINKS)
    assert found["balance"].all()
    assert found[["least", "most"]].isna().all(axis=None)


def test_categories_that_overlap_are_no_whole():
    rows = [
        {"measure": "cla_by_home", "category": f"home {at}", "value": value}
        for at, value in enumerate([147, 213, 19])
    ]
    assert wrong("parts", *rows, {"measure": "cla_at_31_march", "value": 291}) == (0, 0)


@exactly
@given(counts, st.integers(1, 400), st.booleans())
def test_places_that_give_the_same_agree_and_others_never_do(value, off, same):
    other = value if same else value + off
    rows = [whole(value), whole(other, source="report-5.2-children-in-need-text", rank=2)]
    assert wrong("places", *rows) == (0 if same else 1, 1)


@pytest.mark.parametrize(
    ("value", "printed", "qualifier", "agrees"),
    [
        (50.5, "50.5", "", True),
        (51, "51", "", True),
        (50, "50", "", True),
        (52, "52", "", False),
        (50, "50", "over", True),
        (51, "51", "over", False),
        (60, "60", "at most", True),
        (60, "60", "nearly", True),
        (50, "50", "about", True),
        (90, "90", "about", False),
    ],
)
def test_a_figure_said_less_exactly_agrees_with_any_that_it_could_be(value, printed, qualifier, agrees):
    measure = {"measure": "icpc_in_time_percent"} | YEAR
    exact = measure | {"value": 50.5, "printed": "50.5"}
    said = measure | {
        "value": value,
        "printed": printed,
        "qualifier": qualifier,
        "source": "report-5.2-abuse",
    }
    assert wrong("places", exact, said | {"rank": 2}) == (0 if agrees else 1, 1)


population = {"period_start": pd.Timestamp("2017-06-30"), "period_end": pd.Timestamp("2017-06-30")}


@exactly
@given(st.integers(1, 3000), st.integers(20_000, 60_000), st.integers(1, 30))
def test_a_rate_follows_from_its_number_and_population_and_any_other_rate_is_found(number, people, off):
    rate = Decimal(10_000) * number / people
    text = str(rate.quantize(Decimal("0.1"), ROUND_HALF_UP))
    rest = [
        {"measure": "cpp_at_31_march", "value": number},
        {"measure": "population_0_17", "value": people, "time_period": 2017} | population,
    ]
    printed = {"measure": "cpp_rate", "value": float(text), "printed": text}
    assert wrong("rates", printed, *rest) == (0, 1)
    other = f"{float(text) + off / 10 + 0.1:.1f}"
    assert wrong("rates", printed | {"value": float(other), "printed": other}, *rest) == (1, 1)


@exactly
@given(numbers_of_a_mix, st.integers(1, 9))
def test_a_percentage_follows_from_its_number_and_total_and_any_other_is_found(numbers, off):
    total = sum(numbers)
    rest = [*parts(numbers), whole(total)]
    assert wrong("percentages", *mix(numbers), *rest) == (0, len(MIX))
    assert wrong("percentages", *mix(numbers, off=(off + 1) / 10), *rest) == (1, len(MIX))


@exactly
@given(st.integers(1, 90), st.data())
def test_a_percentage_that_is_a_whole_number_of_its_total_is_never_a_finding(total, data):
    count = data.draw(st.integers(0, total))
    text = percent(count, total)
    rows = [mix([1] * len(MIX))[0] | {"value": float(text), "printed": text}, whole(total)]
    assert wrong("percentages", *rows) == (0, 1)


def test_a_percentage_that_no_whole_number_gives_is_found_with_its_neighbours():
    rows = [mix([1] * len(MIX))[0] | {"value": 69.1, "printed": "69.1"}, whole(116)]
    found = rules.check_percentages(figures(*rows), LINKS)
    assert found[["least", "most"]].round(1).to_numpy().tolist() == [[69.0, 69.8]]
    assert not found["balance"].any()


def test_the_number_behind_a_percentage_is_not_told_where_it_is_withheld():
    rows = [*mix([1] * len(MIX)), whole(len(MIX)), *parts([1] * len(MIX))]
    rows[-1] |= {"value": np.nan, "status": "c", "printed": "c"}
    found = rules.check_percentages(figures(*rows), LINKS)
    assert len(found) == len(MIX) - 1
    assert rows[-1]["category"] not in set(found["category"])


def test_numbers_rounded_to_five_would_explain_a_rate_that_does_not_fit():
    rest = {"measure": "population_0_17", "value": 38_781, "time_period": 2017} | population
    rate = {"measure": "cpp_rate", "value": 73, "printed": "73"}
    explained = rules.check_rates(figures(rate, {"measure": "cpp_at_31_march", "value": 280}, rest), LINKS)
    assert not explained["balance"].any()
    assert explained["rounding"].all()
    other = rules.check_rates(figures(rate, {"measure": "cpp_at_31_march", "value": 279}, rest), LINKS)
    assert not other["rounding"].any()


def test_percentages_under_a_heading_whose_total_cannot_give_them_are_found():
    shares = [
        {"measure": "category_of_abuse", "category": name, "value": float(text), "printed": text} | YEAR
        for name, text in (("Neglect", "69.1"), ("Emotional abuse", "16.4"), ("Multiple", "11.8"))
    ]
    assert wrong("headings", *shares, {"measure": "cpp_at_31_march", "value": 116}) == (1, 1)
    assert wrong("headings", *shares, {"measure": "cpp_at_31_march", "value": 110}) == (0, 1)


def test_a_part_is_never_above_its_whole_and_one_that_is_is_found():
    def rows(part):
        return (
            {"measure": "care_leavers_17_18_in_eet", "value": part} | YEAR,
            {"measure": "care_leavers_17_18", "value": 45} | YEAR,
        )

    assert wrong("wholes", *rows(45)) == (0, 1)
    assert wrong("wholes", *rows(46)) == (1, 1)


def test_a_day_outside_the_year_that_its_place_is_of_is_found():
    place = [{"measure": name, "value": 5} | YEAR for name in ("cpp_starting", "icpc_in_time")]
    day = {"measure": "icpc", "value": 25, "time_identifier": "Day"}
    within = {"period_start": pd.Timestamp("2018-01-07"), "period_end": pd.Timestamp("2018-01-07")}
    after = {"period_start": pd.Timestamp("2019-01-07"), "period_end": pd.Timestamp("2019-01-07")}
    assert wrong("dates", *place) == (0, 0)
    assert wrong("dates", *place, day | within) == (0, 1)
    assert wrong("dates", *place, day | after) == (1, 1)
    assert wrong("dates", *place, day | after | {"source": "report-5.2-abuse"}) == (0, 0)


def test_withheld_figures_are_named_and_never_told():
    rows = parts([50, *[0] * (len(MIX) - 1)])
    rows[1] |= {"value": np.nan, "status": "c", "printed": "c"}
    found = withheld.check_withheld(figures(*rows, whole(53)), LINKS)
    assert found["exact"].tolist() == [True]
    assert not found["balance"].any()
    assert found["value"].isna().all()
    assert not {"lower", "upper", "least", "most"} & set(found.columns)


def test_a_withheld_number_whose_percentage_and_total_are_printed_is_given_away():
    cell = {"measure": "icpc_in_time", "value": np.nan, "printed": "-", "status": "c"} | YEAR
    rows = [
        cell | {"measure": "care_leavers_17_18_in_eet"},
        {"measure": "care_leavers_17_18", "value": 45} | YEAR,
        {"measure": "eet_17_18", "value": 67, "printed": "67"} | YEAR,
    ]
    assert withheld.check_withheld(figures(*rows), LINKS)["exact"].tolist() == [True]
    assert withheld.check_withheld(figures(*rows[:2]), LINKS)["balance"].tolist() == [True]


def test_figures_that_contradict_each_other_give_nothing_away():
    rows = parts([50, *[0] * (len(MIX) - 1)])
    rows[1] |= {"value": np.nan, "status": "c", "printed": "c"}
    assert withheld.check_withheld(figures(*rows, whole(20)), LINKS)["balance"].all()


def changed(latest, change, share, measure="family_court_more"):
    cell = {"category": "Care applications", "source": "report-3.4.9-applications"}
    before = {"period_start": pd.Timestamp("2016-04-01"), "period_end": pd.Timestamp("2017-03-31")}
    earlier = cell | before | {"time_period": 2017}
    return [
        {"measure": "family_court_cases", "value": latest} | cell | YEAR,
        {"measure": measure, "value": change} | earlier,
        {"measure": f"{measure}_percent", "value": float(share), "printed": share} | earlier,
    ]


@exactly
@given(st.integers(20, 50_000), st.integers(1, 5_000), st.integers(2, 40), st.sampled_from([1, -1]))
def test_a_change_in_numbers_and_in_per_cent_agree_if_of_the_same_figures(earlier, change, off, sign):
    change = change if sign > 0 else min(change, earlier - 1)
    share = percent(change, earlier)
    measure = "family_court_more" if sign > 0 else "family_court_fewer"
    latest = earlier + sign * change
    assert wrong("changes", *changed(latest, change, share, measure)) == (0, 1)
    other = f"{float(share) + off / 10:.1f}"
    assert wrong("changes", *changed(latest, change, other, measure)) == (1, 1)


@exactly
@given(st.lists(st.integers(1, 9_999_999), min_size=2, max_size=6), st.integers(1, 100))
def test_amounts_reach_their_total_to_the_penny_and_a_penny_too_many_is_found(pence, off):
    names = dictionary().categories.query("scheme == 'board_income' and category != 'Total'")["category"]
    amounts = [*pence, *[0] * len(names)][: len(names)]

    def rows(total):
        every = [*zip(names, amounts, strict=True), ("Total", total)]
        return [
            {
                "measure": "board_income",
                "category": name,
                "value": value / 100,
                "printed": f"{value / 100:,.2f}",
            }
            for name, value in every
        ]

    assert wrong("parts", *rows(sum(amounts))) == (0, 1)
    assert wrong("parts", *rows(sum(amounts) + off)) == (1, 1)


@exactly
@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 100))
def test_the_outcome_of_accounts_is_what_one_total_leaves_of_the_other(income, spent, off):
    def rows(outcome):
        told = {"board_income": -income, "board_expenditure": spent, "board_outcome": outcome}
        return [
            {"measure": name, "value": value / 100, "printed": f"{value / 100:,.2f}"} | {"source": source}
            for (name, value), source in zip(
                told.items(), [f"report-appendix-2-{part}" for part in ("income", "expenditure", "outcome")],
                strict=True,
            )
        ]  # fmt: skip

    assert wrong("accounts", *rows(spent - income)) == (0, 1)
    assert wrong("accounts", *rows(spent + income + off)) == (1, 1)


def test_a_summary_that_no_ratings_give_is_found_and_one_that_some_give_is_not():
    def rows(mean):
        printed = {"mode": "3", "mean": mean, "range": "1.5"}
        cell = {"category": "Risk register", "source": "report-appendix-3-enablers"}
        return [
            cell | {"measure": f"enablers_{part}", "value": float(text), "printed": text}
            for part, text in printed.items()
        ]

    six = {"measure": "self_assessment_agencies", "value": 6, "source": "report-appendix-3-text"}
    assert wrong("ratings", *rows("3.4"), six) == (1, 1)
    assert wrong("ratings", *rows("3.3"), six) == (0, 1)
    assert wrong("ratings", *rows("3.4")) == (0, 0)


def test_an_event_that_two_places_date_differently_is_found():
    month = {
        name: pd.Timestamp(day)
        for name, day in (("period_start", "2018-03-01"), ("period_end", "2018-03-31"))
    }
    later = {name: day + pd.DateOffset(months=1) for name, day in month.items()}
    both = {"period_start": month["period_start"], "period_end": pd.Timestamp("2018-04-30")}
    event = {"measure": "dated_event", "category": "Joint targeted area inspection", "value": 1}
    elsewhere = event | {"source": "report-5.2-abuse", "rank": 2}
    assert wrong("dates", event | month, elsewhere | later) == (1, 1)
    assert wrong("dates", event | month, elsewhere | both) == (0, 1)


@pytest.fixture(scope="module")
def found():
    return findings(EDITION)


def test_findings_have_one_shape_and_can_be_released(found):
    assert found.columns.tolist() == FINDING
    assert set(found["rule"]) <= set(RULES)
    assert set(found["serious"]) <= {"", *SERIOUS}
    told = found[found["rule"] != "withheld"]
    assert told["serious"].eq("").equals(told["balance"].astype(bool))
    assert len(protect(found, rule="published").frame) == len(found)


def test_findings_say_how_many_withheld_figures_are_given_away_and_not_which(found):
    withheld = found[found["rule"] == "withheld"]
    assert 0 < withheld["balance"].sum() < len(withheld)
    told = withheld.drop(columns=["rule", "balance"])
    assert len(told.drop_duplicates()) == 1  # nothing tells one of them from another
    assert withheld["balance"].is_monotonic_increasing
    assert told[["value", "least", "most", "used", "period_end"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("rule", "measure", "year"),
    [
        ("places", "cla_at_31_march", 2017),
        ("places", "cla_ceased", 2018),
        ("rates", "cla_rate", 2017),
        ("percentages", "cla_adopted_percent", 2016),
        ("headings", "category_of_abuse", 2018),
        ("wholes", "school_nurse_caseload", 2019),
        ("ratings", "enablers_mean", 2019),
        ("dates", "independent_living", 2019),
        ("dates", "dated_event", 2018),
    ],
)
def test_what_a_careful_reader_of_the_report_finds_is_found(found, rule, measure, year):
    rows = found[(found["rule"] == rule) & (found["measure"] == measure) & (found["time_period"] == year)]
    assert not rows["balance"].all()


@pytest.mark.parametrize(
    ("rule", "measure"),
    [
        ("parts", "board_expenditure"),
        ("parts", "board_income"),
        ("accounts", "board_outcome"),
        ("parts", "referral_source"),
        ("parts", "primary_need"),
        ("parts", "death_reviews_completed"),
        ("places", "cpp_at_31_march"),
        ("places", "icpc_in_time_percent"),
        ("percentages", "cla_outside_percent"),
        ("changes", "family_court_fewer"),
        ("changes", "family_court_more"),
    ],
)
def test_what_a_careful_reader_finds_to_fit_is_said_to_fit(found, rule, measure):
    rows = found[(found["rule"] == rule) & (found["measure"] == measure)]
    assert len(rows)
    assert rows["balance"].all()


def test_a_report_of_next_year_leaves_the_findings_on_this_one_as_they_are(project):
    edition = read_edition("southend-2017-19")
    before = findings(edition)
    sources = pd.read_csv(project / DATA / "sources.csv", dtype=str, keep_default_na=False)
    own = sources[sources["source"] == "report-5.2-looked-after"]
    later = own.assign(
        source="report-next", document="Annual Report, April 2019 to March 2020", release="2020"
    )
    pd.concat([sources, later]).to_csv(project / DATA / "sources.csv", index=False)
    path = project / DATA / "children_looked_after.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    row = table[(table["measure"] == "cla_at_31_march") & (table["time_period"] == "2018")].head(1)
    revised = row.assign(value="300", printed="300", source="report-next")
    pd.concat([table, revised]).to_csv(path, index=False)
    pd.testing.assert_frame_equal(findings(edition), before)
