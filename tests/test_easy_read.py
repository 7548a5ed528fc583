"""The easy to read page: its figures are the board's, its words are easy, its claims are the verdicts'."""

from __future__ import annotations

import re
from importlib.metadata import version

import pandas as pd
import pytest
from borne_out import CLAIMS
from bs4 import BeautifulSoup
from conftest import DATA, DICTIONARY, EDITION, keep_only
from readability import HARDEST, LONGEST, grade, sentences

from lscb_analysis.build.builder import build
from lscb_analysis.data.files import texts
from lscb_analysis.editions.edition import EditionError, read_edition
from lscb_analysis.editions.verdicts import CALLED, NOT_COMPARED, verdict_table
from lscb_analysis.pages import plain_words

NAME, CARE, PLANS = EDITION.stem, "08_care_leavers", "05_child_protection"
VERDICTS = ["better", "worse", "higher", "lower", "no clear change", "too few to tell", "not compared"]


@pytest.fixture
def page(pages):
    return pages["easy-read"]


def figures(page):
    """The figures of a page; the size of a change is the change, without a word for its direction."""
    parts = ("statistic", "measure", "category", "area", "period")
    return {
        (*(data.get(f"data-{part}", "").replace("size", "change") for part in parts), data["value"])
        for data in page.main.find_all("data")
    }


def is_true(words, verdict):
    return len(pd.DataFrame({"verdict": [verdict]}).query(CLAIMS[words])) == 1


def plain(verdict):
    return re.findall(
        r'data-claim="plans">([^<]*)<', plain_words._verdict({"question": "plans", "verdict": verdict})
    )


def edit(project, old, new):
    path = project / EDITION
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def test_every_figure_is_on_a_page_of_the_board(page, pages):
    chapters = read_edition(NAME).chapters
    asked = {one.question for one in read_edition(NAME).comparisons if one.easy_read}
    verdicts = verdict_table(read_edition(NAME)).set_index("question")["verdict"]
    told = verdicts[verdicts.index.isin(asked)]
    # a figure of each, the one before where they are compared, and a direction where that is a change
    assert len(figures(page)) == len(told) + (told != NOT_COMPARED).sum() + told.isin(CALLED).sum()
    assert figures(page) <= set().union(*(figures(pages[chapter]) for chapter in chapters))


def test_the_grade_is_six_at_most_and_no_sentence_is_longer_than_twenty_words(page, note):
    """By the formula of Flesch and Kincaid, over the whole page and over each of its ideas."""
    told = sentences(page)
    assert len(told) > 60
    too_long = [sentence for sentence in told if len(sentence.split()) > LONGEST]
    what = (
        f"The easy to read page: grade {HARDEST} at most by Flesch and Kincaid, sentences of {LONGEST} words"
    )
    faults = len(too_long) + (grade(told) > HARDEST)
    note("readability", what, "textstat", version("textstat"), 2, 1, faults)
    assert not too_long
    assert grade(told) <= HARDEST
    for section in page.select("section"):
        alone = sentences(BeautifulSoup(f"<main>{section}</main>", "html.parser"))
        assert grade(alone) <= HARDEST, section.h2


def test_the_grade_is_that_of_the_formula_and_tells_hard_from_easy(pages):
    # two sentences of six words; cat, sat, mat … one syllable each, but 2 for happy and 2 for very: by hand
    assert grade(["The cat sat on the mat", "It was very happy all day"]) == pytest.approx(
        0.39 * 6 + 11.8 * 14 / 12 - 15.59
    )
    assert grade(sentences(pages["methods"])) > HARDEST


def test_whom_to_talk_to_is_first_and_last_with_numbers_that_can_be_called(page):
    help = read_edition(NAME).help
    first, *_, last = page.main.select("section")
    for section in (first, last):
        called = [link["href"] for link in section.select("a[href^='tel:']")]
        assert called == [f"tel:{one.telephone.replace(' ', '')}" for one in help if one.telephone]
        assert len(section.select("li")) == len(help)


def test_each_idea_has_a_heading_its_words_a_figure_and_a_way_to_the_chapter(page):
    ideas = [section for section in page.select(".told section") if section.find("data")]
    asked = [asked for asked in read_edition(NAME).comparisons if asked.easy_read]
    assert len(ideas) == len(asked) == 7
    for section in ideas:
        assert section["aria-labelledby"] == section.h2["id"]
        assert section.select_one(".now data")
        assert section.select_one(".means [data-claim]")
        assert section.select_one("a[href$='.html']")
        assert all(bar["aria-hidden"] == "true" for bar in section.select("svg"))  # the sentence says it all
        assert len(section.select("svg")) == len(section.select(".now, .before"))


def test_deaths_are_left_out(page):
    assert not re.search(r"\bdeath|\bdie", page.main.get_text())
    assert not any("death" in data["data-measure"] for data in page.main.find_all("data"))


def test_every_page_leads_to_it(pages):
    links = {name: page.select_one("footer a[href='easy-read.html']") for name, page in pages.items()}
    assert {name for name, link in links.items() if not link} == {"easy-read"}
    assert pages["index"].select_one("main a[href='easy-read.html']")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_is_said_of_a_verdict_is_true_of_it_and_of_no_opposite(verdict):
    said = plain(verdict)
    assert said
    true_of = {other: {words for words in said if is_true(words, other)} for other in VERDICTS}
    assert {other for other in VERDICTS if true_of[other] == {*said}} == {
        other for other in VERDICTS if plain(other) == said
    }


def test_the_plans_are_those_of_the_report_and_none_is_left_out(page):
    told = plain_words.plans(read_edition(NAME))
    assert set(told["fact"]) == set(texts("facts", edition=NAME, kind="plan")["fact"])
    assert set(texts("plain_facts")["fact"]) == set(told["fact"])
    section = page.find(id="plans").find_parent("section")
    assert [item.get_text() for item in section.select("li")] == told["plain"].tolist()


def test_which_way_it_went_is_told_only_where_it_is_no_mere_chance(page):
    for section in page.select(".told section"):
        said = section.get_text()
        assert not ("went " in said and "just chance" in said), said
    assert "So it went down. We can be fairly sure" in " ".join(page.main.get_text().split())


def test_a_number_is_told_unless_the_rate_went_the_other_way(monkeypatch):
    edition = read_edition(NAME)
    assert "291" in told_of(edition, "looked_after").now
    table = verdict_table(edition)
    table.loc[table["question"] == "looked_after", "change"] *= -1
    monkeypatch.setattr(plain_words, "verdict_table", lambda _: table)
    said = told_of(edition, "looked_after").now.striptags()
    assert said == "74 in every 10,000 children were in care on 31 March 2018."


def told_of(edition, question):
    asked = next(asked for asked in edition.comparisons if asked.question == question)
    return plain_words._told(edition, asked)


def test_an_edition_that_marks_nothing_has_no_page_and_no_way_to_one(project):
    keep_only(project, [CARE])
    edit(project, "easy_read = true\n", "")
    made = build()
    assert not (made.folder / "easy-read.html").exists()
    assert not any("easy-read" in path.read_text("utf-8") for path in made.folder.glob("*.html"))


def test_only_what_a_chapter_of_the_pack_shows_is_told():
    edition = read_edition(NAME)
    assert {told.chapter for told in plain_words.easy_read(edition, [CARE])} == {CARE}
    assert plain_words.easy_read(edition, []) == []


def test_another_edition_tells_its_own_figures_in_the_same_words(project):
    for name, old, new in [
        ("child_protection_plans", ",116,116,", ",240,240,"),
        ("child_protection_plans", ",29.7,29.7,", ",61.4,61.4,"),  # 240 of 39,115: 61.36 per 10,000
    ]:
        path = project / DATA / f"{name}.csv"
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    told = plain_words.easy_read(read_edition(NAME), [PLANS])[0]
    assert told.now.striptags() == "240 children had a plan like this on 31 March 2018."
    assert told.before.striptags() == "On 31 March 2017 it was 220."
    assert "This may be just chance." in told.verdict.striptags()
    assert told.lengths == pytest.approx((100, 100 * 220 / 240))


def test_a_mix_cannot_be_marked(project):
    edit(project, 'question = "abuse"', 'question = "abuse"\neasy_read = true')
    with pytest.raises(EditionError, match="abuse is a mix, which the easy to read page cannot tell"):
        read_edition(NAME)


def test_what_has_no_plain_words_is_named_before_anything_runs(project):
    path = project / DICTIONARY / "plain_measures.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("care_leavers_17")), "utf-8")
    with pytest.raises(EditionError, match="care_leavers_17_18 is marked easy_read, and plain_measures"):
        build(tell=lambda event, **_: pytest.fail(f"{event} all the same"))


def test_words_are_shown_as_text(project):
    path = project / DICTIONARY / "plain_measures.csv"
    path.write_text(path.read_text("utf-8").replace("Meetings on time", "<b>Meetings</b>"), "utf-8")
    told = plain_words.easy_read(read_edition(NAME), [PLANS])
    assert "&lt;b&gt;Meetings&lt;/b&gt;" in [str(one.heading) for one in told]


@pytest.mark.browser
def test_it_prints_on_two_sheets_of_a4_at_most(browser, pack):
    tab = browser.new_page()
    tab.goto((pack / "easy-read.html").as_uri())
    assert tab.pdf(prefer_css_page_size=True).count(b"/MediaBox [") <= 2
    tab.close()
