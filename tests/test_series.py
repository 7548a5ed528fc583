"""Where sources differ on a figure, the dictionary says whose counts, and a release has no other."""

import pytest
from invented import rows

from lscb_analysis import protect, stated
from lscb_analysis.data.files import check

PLANS = {"measure": "cpp_at_31_march", "unit": "number", "counted": "children"}
TABLE, TEXT = "report-5.2-plans", "report-5.2-plans-text"


def two(value=116.0, other=118.0):
    told = ({"value": value, "source": TABLE}, {"value": other, "source": TEXT})
    return stated(rows(*(PLANS | one for one in told)))


def released(frame):
    return list(
        protect(frame, rule="published").frame[["value", "source"]].itertuples(index=False, name=None)
    )


def ordered(project, *sources):
    (project / "data" / "series.csv").write_text(f"measure,sources\ncpp_at_31_march,{' '.join(sources)}\n")


@pytest.mark.usefixtures("project")
def test_where_nothing_says_whose_figure_counts_all_are_kept_side_by_side():
    assert released(two()) == [(116.0, TABLE), (118.0, TEXT)]


def test_the_first_source_of_the_series_counts_whatever_the_order_of_the_rows(project):
    ordered(project, TEXT, TABLE)
    assert check() == []
    assert released(two()) == released(two().iloc[::-1]) == [(118.0, TEXT)]
    ordered(project, TABLE)
    assert released(two()) == [(116.0, TABLE)]


@pytest.mark.usefixtures("project")
def test_sources_that_agree_and_changes_since_two_years_stay_as_they_are():
    assert len(released(two(116.0, 116.0))) == 2
    changes = two().assign(previous_period=[2016, 2017])
    assert len(released(changes)) == 2


def test_a_source_that_nobody_knows_is_refused(project):
    ordered(project, TABLE, "report-nowhere")
    (problem,) = check()
    assert (problem.file, problem.column) == ("data/series.csv", "sources")
