"""What is done before any kernel is forked; what is wrong with the data is left to the build to say."""

import pytest
from conftest import DICTIONARY, EDITION

from lscb_analysis.build.warm import rehearsal
from lscb_analysis.build.warm.rehearsal import rehearse
from lscb_analysis.editions import verdicts

NAME = EDITION.stem


@pytest.fixture
def shown(monkeypatch):
    """What was drawn and tabulated, in turn."""
    monkeypatch.setattr(verdicts, "_made", {})
    made = []
    for kind in ("line", "rows"):
        real = getattr(rehearsal, kind)
        monkeypatch.setattr(
            rehearsal, kind, lambda figures, kind=kind, real=real: made.append((kind, real(figures)))
        )
    return made


def test_verdicts_come_first_and_a_chart_and_a_table_after_them(project, shown):
    steps = rehearse(str(project), NAME)
    assert [table.empty for table in next(steps).values()] == [False]
    assert shown == []
    assert list(steps) == []
    assert [kind for kind, _ in shown] == ["line", "rows"]


def test_where_the_data_do_not_hold_it_tells_nothing_and_ends(project, shown):
    (project / DICTIONARY / "measures.csv").write_text("measure\n", "utf-8")
    assert list(rehearse(str(project), NAME)) == [{}]
    assert shown == []


def test_what_cannot_be_drawn_is_left_to_the_chapters(project, shown, monkeypatch):
    monkeypatch.setattr(rehearsal, "line", lambda _: {}["no such series"])
    assert [len(made) for made in rehearse(str(project), NAME)] == [1]
    assert shown == []
