"""The list of methods: each whole, named once, and none missing that a figure may name."""

import re
from pathlib import Path

import pytest

from lscb_analysis.build import site
from lscb_analysis.figure import STATISTICS
from lscb_analysis.pages import method_notes
from lscb_analysis.pages.method_notes import methods
from lscb_analysis.statistics import comparisons, estimates, mixes


def test_every_method_is_said_in_words_and_in_symbols_and_has_a_source():
    for method in methods():
        assert all(vars(method).values()), method.name
        assert method.words.endswith(".")
        assert not method.source.endswith(".")
    names, titles = ([getattr(method, key) for method in methods()] for key in ("name", "title"))
    assert len(set(names)) == len(names)
    assert len({site.slug(title) for title in titles}) == len(titles)


def named_by_the_library():
    """Every method that a frame, or a sentence, of the library can name."""
    text = Path(method_notes.__file__).with_name("words.toml").read_text("utf-8")
    constants = {
        *(comparisons.HYBRID_SCORE, comparisons.RATIO),
        *(comparisons.TWO_PROPORTIONS, comparisons.TWO_RATES),
        *(mixes.CHI_SQUARED, mixes.SIMULATED, mixes.SIMULTANEOUS),
    }
    spans = set(re.findall(r'data-method="([^"{]+)"', text))
    fixed = {of.method for of in STATISTICS.values() if of.method}
    return constants | spans | fixed | {"Wilson score", "Garwood exact", "Byar"}


def test_the_list_has_every_method_that_the_library_names_and_no_other():
    assert {method.name for method in methods()} == named_by_the_library()


@pytest.mark.parametrize("made", ["Wilson score", "Garwood exact", "Byar"])
def test_the_names_written_out_here_are_those_in_the_module(made):
    assert f'"{made}"' in Path(estimates.__file__).read_text("utf-8")
