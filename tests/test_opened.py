"""An edition opened by a chapter: figures by measure, which source counts, and what is not there."""

import pandas as pd
import pytest
from conftest import EDITION as FILE
from test_other_data import alter

import lscb_analysis as lscb
from lscb_analysis.data.schema import DataError
from lscb_analysis.editions.edition import EditionError
from lscb_analysis.editions.opened import Pack
from lscb_analysis.release import DisclosureError, Release

NAME = "southend-2017-19"


@pytest.fixture(scope="module")
def pack():
    return lscb.open_edition(NAME)


def found(rows):
    return list(rows[["time_period", "value", "source"]].itertuples(index=False, name=None))


def test_a_measure_is_found_whichever_tables_have_it_up_to_the_latest_period(pack):
    left = pack.load("cla_ceased")
    # by hand, from the tables: those of the report's own table count, as the edition says, and no other place
    assert [value for _, value, _ in found(left)] == [105, 135, 113]
    assert {*left["source"]} == {"report-5.3-adoption"}
    assert {*pack.others("cla_ceased")["source"]} == {"dfe-cla-2018-cea2018"}
    assert sorted(pack.said("cla_ceased")["value"]) == [105, 113, 114, 114, 135]
    assert {*left["area_name"]} == {"Southend-on-Sea"}
    assert lscb.open_edition(NAME, "previous: 2016; latest: 2017").load("cla_ceased")["value"].tolist() == [
        105,
        135,
    ]


def test_later_is_only_what_the_report_says_of_what_is_not_compared(pack):
    assert pack.load("deaths_notified")["period_end"].max() == pd.Timestamp("2019-01-30")
    earlier = lscb.open_edition(NAME, "previous: 2016; latest: 2017")
    assert earlier.load("cla_rate")["time_period"].max() == 2017  # the edition compares it


def test_figures_of_comparators_and_of_all_areas_are_asked_for(pack):
    assert {*pack.load("fsm_primary")["area_name"]} == {"Southend-on-Sea"}
    assert {*pack.load("fsm_primary", areas="comparators")["area_name"]} == {"Southend-on-Sea", "England"}
    assert pack.load("cla_adopted_percent", areas="all")["area_name"].nunique() > 100


@pytest.mark.usefixtures("project")
def test_without_an_order_every_source_stands(project):
    path = project / FILE
    path.write_text(path.read_text("utf-8").replace("sources = [", "sources = [] # ["), "utf-8")
    assert (
        len(lscb.open_edition(NAME).load("cla_ceased")) == 7
    )  # five places of the report, two years of the Department


def test_what_nobody_gives_has_no_rows_and_shows_nothing(pack, project):
    alter(project, "placements", lambda rows: rows[rows["measure"] != "cla_by_home"])
    opened = lscb.open_edition(NAME)
    homes, children = opened.load("cla_by_home"), opened.declared("no_such_question", "counts")
    assert homes.empty
    assert children.empty
    assert list(homes.columns) == list(pack.load("cla_by_home").columns)
    for release in (
        opened.stated(homes),
        opened.count(homes),
        opened.percentage(homes, children),
        opened.estimates("no_such_question"),
        opened.verdicts("no_such_question"),
        opened.mix_changes("no_such_question"),
        opened.change(opened.count(homes)),
        opened.change(opened.count(homes), first=True),
    ):
        assert isinstance(release, Release)
        assert release.frame.empty
        for show in (
            lscb.sentences.latest,
            lscb.sentences.change,
            lscb.tabulate.rows,
            lscb.charts.line,
            lscb.charts.bar,
        ):
            assert show(release).html == ""


def test_a_name_that_nothing_has_is_refused_with_the_nearest(pack):
    said = r"measures\.csv.*'cla_by_hom' is no measure of the dictionary\..*'cla_by_home'"
    with pytest.raises(DataError, match=said):
        pack.load("cla_by_hom")
    with pytest.raises(
        DataError, match=r"'Southend' is no area of any table\. Did you mean 'Southend-on-Sea'"
    ):
        lscb.open_edition(NAME, "area: Southend")
    edition = pack.edition.model_copy(update={"lists": {"core": ["Essex Polce"]}})
    with pytest.raises(EditionError, match=r"lists, core: 'Essex Polce' is neither a measure nor a category"):
        Pack(edition).listed("core")


def test_releases_have_the_editions_rule_and_confidence():
    wide = lscb.open_edition(NAME, "confidence: 0.998")
    plans = wide.declared("plans", "counts")
    assert {*wide.count(plans).frame["confidence"]} == {0.998}
    assert {*wide.change(wide.count(plans)).frame["confidence"]} == {0.998}
    assert wide.count(plans).rule == "published"
    back = plans.assign(status="c")
    with pytest.raises(DisclosureError, match="Suppressed by the source and yet a number"):
        wide.protect(back)


def test_changes_are_told_one_measure_after_the_other_and_since_the_first_only_if_that_is_earlier(pack):
    flows = pack.count(pack.load("cin_started"), pack.load("cin_ended"))
    assert pack.change(flows).frame["measure"].tolist() == ["cin_started", "cin_ended"]
    (since,) = pack.change(pack.estimates("adopted"), first=True).frame["previous_period"]
    assert since == 2016
    two_years = lscb.open_edition(NAME, "previous: 2016")
    assert two_years.change(two_years.estimates("adopted"), first=True).frame.empty


def test_percentages_are_as_printed_where_they_are_and_worked_out_where_not(pack, project):
    outside, children = lscb.agreed(pack.load("cla_outside")), pack.declared("looked_after", "counts")
    (printed,) = pack.percentage(outside, children, "cla_outside_percent").frame.to_dict("records")
    assert (printed["printed"], printed["numerator"], printed["denominator"]) == ("50.5%", 147, 291)
    alter(project, "placements", lambda rows: rows[rows["measure"] != "cla_outside_percent"])
    (made,) = (
        lscb.open_edition(NAME).percentage(outside, children, "cla_outside_percent").frame.to_dict("records")
    )
    assert (made["printed"], made["measure"]) == ("", "cla_outside_percent")
    assert made["value"] == pytest.approx(100 * 147 / 291)


def test_it_says_what_it_is_in_a_line(pack):
    assert repr(pack) == "southend-2017-19: Southend-on-Sea, 2017 and 2018, 0.95 confidence, rule 'published'"
