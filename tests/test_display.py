"""Figures as a reader sees them, and what the HTML says of each."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lscb_analysis import compare, load, rate
from lscb_analysis.pages.display import (
    SHEETS,
    Display,
    Markup,
    bind,
    day,
    number,
    on_page,
    period,
    periods,
    sources_of,
    text,
    when,
)

SOURCE = "report-5.2-plans"


@pytest.fixture
def rates() -> pd.DataFrame:
    plans = load("child_protection_plans", measure="cpp_at_31_march", source=SOURCE)
    return rate(plans, load("population", source="dfe-cin-2020-population"))


def data(html: Markup) -> dict[str, str]:
    element = BeautifulSoup(html, "html.parser").find("data")
    return dict(element.attrs) | {"text": element.get_text()}


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (1323, 0, "1,323"),
        (0.25, 1, "0.3"),  # half away from zero, not half to even
        (-0.25, 1, "−0.3"),
        (2.5, 0, "3"),
        (0, 1, "0"),  # a true zero has no decimals
        (0.04, 1, "[low]"),  # rounds to zero but is not
        (-0.04, 1, "[low]"),
        (1234567.891, 2, "1,234,567.89"),
        (12, 1, "12.0"),
    ],
)
def test_numbers_are_rounded_half_away_from_zero_with_separated_thousands(value, places, shown):
    assert number(value, places) == shown


def test_a_bound_figure_says_what_it_is(rates):
    figure = data(bind(rates.iloc[-1].to_dict(), "numerator"))
    assert figure == {
        "value": "116",
        "text": "116",
        "data-statistic": "numerator",
        "data-measure": "cpp_at_31_march",
        "data-category": "Total",
        "data-area": "E06000033",
        "data-period": "2018-03-31",
        "data-unit": "number",
        "data-source": SOURCE,
    }


def test_the_end_of_an_interval_says_its_confidence(rates):
    assert data(bind(rates.iloc[-1].to_dict(), "lower"))["data-confidence"] == "0.95"


def test_a_change_says_both_its_periods(rates):
    change = compare(rates, 2017, 2018).iloc[0].to_dict()
    figure = data(bind(change, "change", "fell"))
    assert (figure["data-period-before"], figure["data-period"], figure["text"]) == (
        "2017-03-31",
        "2018-03-31",
        "fell",
    )
    assert float(figure["value"]) == pytest.approx(100 * ((116 / 39115) / (220 / 38781) - 1))


def test_the_earlier_figure_of_a_change_has_its_own_period_only(rates):
    figure = data(bind(compare(rates, 2017, 2018).iloc[0].to_dict(), "value_before"))
    assert figure["data-period"] == "2017-03-31"
    assert "data-period-before" not in figure


def test_the_later_figure_of_a_change_has_its_own_period_only(rates):
    figure = data(bind(compare(rates, 2017, 2018).iloc[0].to_dict(), "value"))
    assert figure["data-period"] == "2018-03-31"
    assert "data-period-before" not in figure


def test_a_suppressed_figure_is_its_symbol_and_holds_no_value(rates):
    row = rates.iloc[0].to_dict() | {"value": float("nan"), "status": "c"}
    assert text(row, "value") == "[c]"
    assert "<data" not in bind(row, "value")


def test_words_from_data_are_escaped(rates):
    row = rates.iloc[0].to_dict() | {"source": '"><script>alert(1)</script>'}
    html = bind(row, "value", "<b>5</b>")
    assert "<script" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("start", "end", "label", "phrase"),
    [
        ("2018-03-31", "2018-03-31", "31 March 2018", "at 31 March 2018"),
        ("2017-04-01", "2018-03-31", "2017 to 2018", "in the year ending 31 March 2018"),
        ("2018-12-01", "2018-12-31", "December 2018", "in December 2018"),
    ],
)
def test_periods_read_as_dates_years_and_months(start, end, label, phrase):
    row = {"period_start": pd.Timestamp(start), "period_end": pd.Timestamp(end)}
    assert period(row) == label
    assert when(row).striptags() == phrase


def test_few_periods_are_listed_and_many_are_spanned(rates):
    assert periods(rates) == "31 March 2016, 31 March 2017 and 31 March 2018"
    more = [
        rates.iloc[[0]].assign(time_period=y, period_end=pd.Timestamp(y, 3, 31)) for y in range(2010, 2020)
    ]
    many = pd.concat(more).assign(period_start=lambda frame: frame["period_end"])
    assert periods(many) == "from 31 March 2010 until 31 March 2019"


def test_a_date_is_a_time_element():
    assert day(pd.Timestamp("2018-03-01")) == '<time datetime="2018-03-01">1 March 2018</time>'


def test_sources_come_with_what_the_dictionary_says(rates):
    assert [source["source"] for source in sources_of(rates)] == [SOURCE, "dfe-cin-2020-population"]


def test_a_display_shows_in_jupyter_as_html_and_in_a_terminal_as_text():
    shown = Display(
        Markup("<p>5 &amp; <data value='6'>6</data></p>"),
        "table",
        "name",
        "caption",
        "a,b\n",
        ({"caption": "c"},),
    )
    bundle, metadata = shown._repr_mimebundle_(include=None, exclude=None)
    html = bundle.pop("text/html")
    assert bundle == {"text/plain": "5 & 6", "text/csv": "a,b\n", SHEETS: [{"caption": "c"}]}
    assert html.startswith('<div class="lscb mathjax_ignore"><style>')
    assert shown.html in html
    assert on_page(html) == shown.html
    assert metadata["lscb"] == {"kind": "table", "name": "name", "caption": "caption"}
    assert repr(shown) == "5 & 6"


def test_a_link_leads_to_the_notebook_of_a_chapter_in_a_notebook_and_to_its_page_on_a_page():
    linked = Markup('<a href="05_child_protection.html">plans</a> <a href="https://example.org/a.html">a</a>')
    (bundle, _) = Display(linked, "finding")._repr_mimebundle_()
    assert 'href="05_child_protection.ipynb"' in bundle["text/html"]
    assert 'href="https://example.org/a.html"' in bundle["text/html"]
    assert on_page(bundle["text/html"]) == linked


def test_nothing_to_show_has_no_style_to_show_it_in():
    (bundle, _) = Display(Markup(""), "note")._repr_mimebundle_()
    assert bundle["text/html"] == ""
