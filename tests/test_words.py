"""Sentences of words.toml: how a template is filled, and that the file and the code know each other."""

import re

import pytest
from conftest import CHECKOUT

from lscb_analysis.data import records
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import estimates
from lscb_analysis.figure import STATISTICS
from lscb_analysis.pages import words as own
from lscb_analysis.pages.words import SLOTS, WITH, openings, say, word, words
from lscb_analysis.release import protect

EDITION = read_edition("southend-2017-19")
PAGES = "\n".join(path.read_text("utf-8") for path in (CHECKOUT / "src/lscb_analysis/pages").glob("*.py"))
OF_VERDICTS = ["claims", "claims_of_all", "kinds", "means", "rules"]
SENTENCES = {
    f"{group}.{key}": said
    for group, of in words().items()
    if group not in ("signs", "lists", *OF_VERDICTS)
    for key, said in of.items()
}
LISTS = words()["signs"] | words()["lists"]
SLOTS_USED = [
    (key, *slot.groups()) for key, said in SENTENCES.items() for slot in re.finditer(own._SLOT, said)
]


@pytest.fixture(scope="module")
def row():
    return records(protect(estimates(EDITION, "plans"), rule=EDITION.rule).frame)[-1]


def filled(monkeypatch, template, row, **given):
    """A template of our own as words, with the words of the file."""
    monkeypatch.setattr(own, "words", lambda: {**words(), "mine": {"own": template}})
    return say("mine.own", row, **given)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{value} {when}", "29.7 at 31 March 2018"),
        ("{value}{per}", "29.7 per 10,000 children"),
        ("{value:most}", "most"),
        ("{value|moved}", "rose"),
        ("{value|standing} {aim.value}", "below 56.7"),
        ("{numerator} {counted} in {area}", "116 children in <b>Anytown</b>"),
        ("{what}", "a &amp; b"),
    ],
)
def test_a_slot_is_a_figure_a_word_for_it_a_name_or_what_is_given(monkeypatch, row, template, said):
    row = {**row, "area_name": "<b>Anytown</b>"}
    aim = {**row, "value": 56.7}
    html = filled(monkeypatch, template, row, aim=aim, standing=-1, what="a & b")
    assert html.striptags() == said or str(html) == said
    assert "<b>" not in html


def test_a_word_that_stands_for_a_figure_is_bound_to_it(monkeypatch, row):
    html = filled(monkeypatch, "{value|moved}", row)
    assert re.fullmatch(r'<data value="[^"]+" data-statistic="value".*>rose</data>', html)


def test_a_slot_that_nothing_fills_is_named(monkeypatch, row):
    with pytest.raises(KeyError, match=r"\{vaule\} is no slot"):
        filled(monkeypatch, "{vaule}", row)


def test_words_are_chosen_by_a_sign_a_truth_a_number_or_a_key():
    assert [word("moved", by) for by in (2.5, -0.1, 0)] == ["rose", "fell", "stayed the same"]
    assert [word("could_be", by) for by in (True, False)] == ["could be", "cannot be"]
    assert [word("meetings", by) for by in (1, 2, 0)] == ["meeting", "meetings", "meetings"]
    assert word("role", "fewer") == "fewer"


def test_a_sentence_says_where_if_the_one_before_was_elsewhere(row):
    rows = [row, row, {**row, "area_name": "Anytown"}]
    assert [said.striptags().split()[0] for said in openings(rows)] == ["In", "The", "In"]


def test_every_slot_of_the_file_can_be_filled():
    """It is a slot, a figure, a column of a change, or given by name where the sentence is said."""
    columns = {*STATISTICS, *(f"{name}_before" for name in STATISTICS), *SLOTS, *WITH, "claim"}
    given = set(re.findall(r"(\w+)=|\"(\w+)\":", PAGES))
    given = {name for pair in given for name in pair} | {*next(iter(words()["rules"].values()))}
    assert [slot for slot in SLOTS_USED if slot[2] not in columns | given] == []
    claims = words()["claims"] | words()["claims_of_all"]
    assert all(
        said in (claims if what == "claim" else LISTS) for *_, what, mark, said in SLOTS_USED if mark == "|"
    )


def test_every_sentence_list_and_claim_of_the_file_is_used():
    """A sentence by its name, or as one of a group from which the code chooses."""
    said = [key for key in SENTENCES if f'"{key}"' in PAGES or f'f"{key.split(".")[0]}.' in PAGES]
    assert said == [*SENTENCES]
    used = {chosen for *_, chosen in SLOTS_USED} | set(re.findall(r'word\(\s*"(\w+)"', PAGES))
    assert {*LISTS} <= used
    assert {*words()["claims"]} <= used.union(*words()["means"].values())
    summary = (CHECKOUT / "notebooks" / "00_board_summary.ipynb").read_text("utf-8")
    asked = {*re.findall(r'sentences\.comparisons\(\w+, \\"([\w ]+)\\"', summary)}
    assert asked == {*words()["claims_of_all"]}
