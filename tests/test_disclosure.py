"""What `protect` lets out, and what stops a release."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from conftest import DATA

from lscb_analysis.release import DisclosureError, Release, protect

pytestmark = pytest.mark.usefixtures("project")

PUBLISHED = "report-5.2-abuse"
ROW = {
    "time_period": 2018,
    "measure": "category_of_abuse",
    "category": "Neglect",
    "numerator": 76.0,
    "denominator": 110.0,
    "value": 69.1,
    "lower": 59.9,
    "upper": 77.0,
    "unit": "%",
    "status": "",
    "printed": "69.1",
    "source": PUBLISHED,
    "denominator_source": "dfe-cin-2020-d2",
}
SUPPRESSED = ROW | {
    "category": "Sexual abuse",
    **dict.fromkeys(["numerator", "value", "lower", "upper"], np.nan),
    "status": "c",
    "printed": "-",
}
CHANGE = ROW | {"value_before": 58.6, "numerator_before": 154.0, "status_before": "", "change": 10.5}


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def test_published_figures_go_out_as_they_are_with_their_rule():
    estimates = frame(ROW, SUPPRESSED)
    release = protect(estimates, rule="published")
    assert release.rule == "published"
    pd.testing.assert_frame_equal(release.frame, estimates)


@pytest.mark.parametrize("rule", ["publish", "local", "", "Published", "unpublished"])
def test_an_unknown_rule_stops_the_release_and_no_other_is_offered(rule):
    with pytest.raises(DisclosureError) as stopped:
        protect(frame(ROW), rule=rule)
    assert repr(rule) in str(stopped.value)
    assert "'published'" not in str(stopped.value).replace(repr(rule), "")


@pytest.mark.parametrize("column", ["source", "denominator_source"])
def test_a_source_that_the_dictionary_does_not_know_stops_the_release(column):
    with pytest.raises(DisclosureError, match=r"local-return-7.*sources\.csv"):
        protect(frame(ROW, ROW | {column: "local-return-7"}), rule="published")


def test_one_unknown_source_among_several_stops_the_release():
    with pytest.raises(DisclosureError, match="local-return-7") as stopped:
        protect(frame(ROW | {"denominator_source": "dfe-cin-2020-d2 local-return-7"}), rule="published")
    assert "dfe-cin-2020-d2" not in str(stopped.value)


def test_an_unknown_source_of_the_earlier_denominator_stops_the_release():
    with pytest.raises(DisclosureError, match="local-return-7"):
        protect(frame(CHANGE | {"denominator_source_before": "local-return-7"}), rule="published")


@pytest.mark.parametrize("access", ["", "local"])
def test_a_source_that_is_local_stops_the_release(project, access):
    path = project / DATA / "sources.csv"
    sources = pd.read_csv(path, dtype=str, keep_default_na=False)
    sources.loc[sources["source"] == PUBLISHED, "access"] = access
    sources.to_csv(path, index=False)
    with pytest.raises(DisclosureError, match=PUBLISHED):
        protect(frame(ROW), rule="published")


@pytest.mark.parametrize("column", ["value", "numerator", "lower", "upper"])
def test_a_suppressed_figure_that_came_back_as_a_number_stops_the_release(column):
    with pytest.raises(DisclosureError) as stopped:
        protect(frame(ROW, SUPPRESSED | {column: 2.0}), rule="published")
    message = str(stopped.value)
    for name in ("category_of_abuse", "Sexual abuse", "2018"):
        assert name in message
    assert "Neglect" not in message
    assert "2.0" not in message


@pytest.mark.parametrize("column", ["value_before", "numerator_before"])
def test_a_figure_suppressed_in_the_earlier_period_stops_the_release_of_a_comparison(column):
    missing = dict.fromkeys(["value_before", "numerator_before", "change", "lower", "upper"], np.nan)
    earlier = CHANGE | missing | {"status_before": "c"}
    assert protect(frame(CHANGE, earlier), rule="published").rule == "published"
    with pytest.raises(DisclosureError, match="Neglect"):
        protect(frame(CHANGE, earlier | {column: 2.0}), rule="published")


def test_a_change_from_a_suppressed_figure_stops_the_release():
    earlier = CHANGE | dict.fromkeys(["value_before", "numerator_before"], np.nan) | {"status_before": "c"}
    with pytest.raises(DisclosureError, match="Neglect"):
        protect(frame(earlier), rule="published")


def test_a_suppressed_figure_that_is_still_printed_stops_the_release():
    with pytest.raises(DisclosureError, match="Sexual abuse"):
        protect(frame(SUPPRESSED | {"printed": "1.8"}), rule="published")


def test_a_figure_suppressed_in_the_later_period_alone_goes_out_with_the_earlier_one():
    later = SUPPRESSED | {
        "value_before": 5.0,
        "numerator_before": 10.0,
        "status_before": "",
        "change": np.nan,
    }
    assert protect(frame(CHANGE, later), rule="published").rule == "published"


def test_changing_the_frame_afterwards_does_not_change_the_release():
    estimates = frame(ROW)
    release = protect(estimates, rule="published")
    estimates.loc[0, "value"] = 1.0
    estimates["extra"] = 1
    assert release.frame["value"].tolist() == [69.1]
    assert "extra" not in release.frame


def test_a_release_cannot_be_given_another_frame_or_rule():
    release = protect(frame(ROW), rule="published")
    for field, value in (("frame", frame(SUPPRESSED)), ("rule", "other")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(release, field, value)


def test_a_release_shows_its_rule_its_size_and_its_rows():
    shown = repr(protect(frame(ROW, SUPPRESSED), rule="published"))
    for text in ("'published'", "2 rows", PUBLISHED, "category_of_abuse", "Neglect", "Sexual abuse", "69.1"):
        assert text in shown
    assert "nan" not in shown.lower()


def test_a_release_of_other_columns_shows_those_it_has():
    assert "1 row." in repr(Release(frame({"measure": "visits", "p_value": 0.5}), "published"))


def test_a_large_release_shows_how_large_it_is_and_its_first_rows():
    rows = [ROW | {"source": f"source-{at}", "printed": f"row {at}"} for at in range(30)]
    shown = repr(Release(frame(*rows), "published"))
    assert "30 rows (here the first 12) of" in shown
    assert "and 27 more" in shown  # the sources, one of which is of the denominators
    assert "row 11" in shown
    assert "row 12" not in shown


def test_a_notebook_shows_a_release_as_a_table_whose_words_are_text():
    html = Release(frame(ROW | {"category": "<b>$x$"}), "<i>")._repr_html_()
    assert "&lt;b&gt;$x$" in html
    assert "<i>" not in html
    assert html.startswith('<div class="mathjax_ignore">')
