"""Abbreviations in words where a page first uses them."""

from lscb_analysis.pages.glossary import meanings, spell_out
from lscb_analysis.pages.tree import parse, write

KNOWN = {"SCR": "Serious Case Review", "NHS": "National Health Service", "A&E": "Accident and Emergency"}


def spelt(html: str, known: dict[str, str] = KNOWN) -> str:
    """A page after its abbreviations were put into words."""
    tree = parse(html)
    spell_out(tree, known)
    return write(tree)


def test_the_first_use_is_in_words_and_the_next_is_not():
    said = spelt("<p>An SCR began.</p><p>The SCR ended.</p>")
    assert said == "<p>An SCR (Serious Case Review) began.</p><p>The SCR ended.</p>"


def test_what_is_in_words_already_stays():
    for html in ("<p>A Serious Case Review (SCR) and an SCR</p>", "<p>An SCR (Serious Case Review), SCR</p>"):
        assert spelt(html) == html


def test_within_brackets_with_other_words_it_is_spelt_out():
    assert spelt("<p>(SCR of a year)</p>") == "<p>(SCR (Serious Case Review) of a year)</p>"


def test_attributes_drawings_and_the_head_stay_and_longer_words_are_no_abbreviation():
    html = '<head><title>SCR</title></head><p id="SCR">SCRIPT</p><svg><text>SCR</text></svg>'
    assert spelt(html) == html


def test_a_number_is_not_found_in_the_code_of_a_character():
    assert spelt("<p>&#39;39&#39;</p>", {"39": "thirty-nine"}) == "<p>'39 (thirty-nine)'</p>"


def test_what_is_escaped_in_html_is_found():
    assert spelt("<p>At A&amp;E</p>") == "<p>At A&amp;E (Accident and Emergency)</p>"


def test_what_stands_aside_has_its_own_first_use():
    html = '<nav class="contents"><li>NHS</li><li>NHS</li></nav><p>NHS, NHS</p>'
    whole = "NHS (National Health Service)"
    assert spelt(html) == (f'<nav class="contents"><li>{whole}</li><li>NHS</li></nav><p>{whole}, NHS</p>')
    assert spelt('<details class="statistics">NHS</details><p>NHS</p>').count(whole) == 2


def test_without_a_glossary_a_page_stays():
    assert spelt("<p>SCR</p>", {}) == "<p>SCR</p>"


def test_the_glossary_of_the_project_is_read():
    assert meanings()["LSCB"] == "Local Safeguarding Children Board"
