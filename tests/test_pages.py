"""The built pages against CONVENTIONS.md: each test names the convention it holds."""

import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lscb_analysis import load
from lscb_analysis.data.files import measures, tables
from lscb_analysis.data.schema import SYMBOLS
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table
from lscb_analysis.pages.display import MINUS
from lscb_analysis.pages.glossary import meanings
from lscb_analysis.pages.method_notes import methods

EDITION = read_edition("southend-2017-19")


def each(pages):
    return sorted(pages.items())


def test_convention_1_language_title_and_headings(pages):
    titles = {page.title.get_text() for page in pages.values()}
    assert len(titles) == len(pages)
    for name, page in each(pages):
        assert page.html["lang"] == "en-GB"
        assert len(page.find_all("title")) == 1
        assert EDITION.area in page.title.get_text()
        assert EDITION.period in page.title.get_text()
        levels = [int(heading.name[1]) for heading in page.find_all(re.compile(r"^h[1-6]$"))]
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), name


def test_convention_2_main_skip_link_contents_and_ways_on(pages):
    for name, page in each(pages):
        assert len(page.find_all("main")) == 1
        assert page.body.find("a")["href"] == "#main"
        assert page.main["id"] == "main"
        if name != "index":
            assert page.select(".contents a")
            assert page.select_one("footer a[href='index.html']")
    order = EDITION.chapters
    for before, after in pairwise(order):
        assert pages[before].select_one("a[rel=next]")["href"] == f"{after}.html"
        assert pages[after].select_one("a[rel=prev]")["href"] == f"{before}.html"


def test_every_link_within_the_pack_leads_somewhere(pack, pages):
    for name, page in each(pages):
        for link in page.find_all("a", href=True):
            if link["href"].startswith("tel:"):
                continue
            file, _, place = link["href"].partition("#")
            assert not file or (pack / file).is_file(), (name, link["href"])
            if place and not file:
                assert page.find(id=place), (name, place)


def test_convention_4_nothing_is_fetched(pages):
    for _, page in each(pages):
        assert not page.find_all(["script", "link", "img", "iframe", "object", "embed"])
        html = re.sub(r'xmlns(:\w+)?="[^"]*"', "", str(page))
        assert not re.findall(r"(?:https?:)?//\w", html)
        assert "@import" not in html
        assert not re.findall(r"url\((?!#)", html)


def test_convention_5_no_code_no_prompts_no_idle_tab_stops(pages):
    for _, page in each(pages):
        text = page.get_text()
        for unwanted in ("In [", "Out[", "import ", "Warning", "Traceback", "Release under", "it/s"):
            assert unwanted not in text
        assert all(stop["role"] == "region" for stop in page.select("[tabindex]"))


def test_convention_7_links_make_sense_alone(pages):
    for _, page in each(pages):
        for link in page.find_all("a"):
            words = link.get_text().strip()
            assert words
            assert not re.match(r"(https?:|www\.|here$|more$|click)", words, re.I)
        named = [link.get_text() for link in page.select("a[download]")]
        assert len(named) == len(set(named))


def test_convention_9_a_chart_has_its_finding_then_measure_area_and_period(pages):
    areas = {area for table in tables() for area in load(table)["area_name"]}
    for name, page in each(pages):
        for figure in page.find_all("figure"):
            headline, subtitle = figure.figcaption.find_all("p")
            assert headline["class"] == ["headline"]
            assert headline.find("data"), name
            said = subtitle.get_text()
            title = measures().loc[figure.find("data")["data-measure"], "title"]
            assert title in said or title.startswith(said.partition(",")[0])  # "Pupils" where they are many
            assert any(area in said for area in areas)
            assert re.search(r"20\d\d", said)


def test_convention_10_a_chart_is_told_in_words_that_say_where_the_numbers_are(pages):
    for _, page in each(pages):
        for figure in page.find_all("figure"):
            for drawing in figure.find_all("svg"):
                assert page.find(id=drawing["aria-labelledby"]) == figure.select_one(".headline")
                words = page.find(id=drawing["aria-describedby"])
                assert words.find("data")
                assert words.get_text().endswith("The numbers are in the table below.")
                styling = r"\b(blue|grey|green|colour|bold|chart|graph|no description)\b"
                assert not re.search(styling, words.get_text(), re.I)


def test_convention_13_a_table_with_the_same_numbers_follows_every_chart(pages):
    for name, page in each(pages):
        for figure in page.find_all("figure"):
            words = page.find(id=figure.svg["aria-describedby"])
            tabled = {cell for table in figure.find_all_next("table") for cell in told(table)}
            assert told(words) <= tabled, (name, figure["id"])


def told(element):
    """The figures bound in an element: what each is of, and what it is."""
    parts = ("data-measure", "data-category", "data-area", "data-period", "value")
    return {tuple(data[part] for part in parts) for data in element.select("data[data-measure]")}


def test_convention_13_sources_stand_under_both_and_a_table_can_be_taken_away(pages, pack):
    for name, page in each(pages):
        for figure in page.find_all("figure"):
            assert figure.select_one(".source cite")
        for table in page.find_all("table"):
            source, taken = table.find_parent("div").find_next_siblings("p", limit=2)
            assert source["class"] == ["source"]
            assert source.find("cite")
            if name != "methods":
                rows = (pack / taken.a["href"]).read_text("utf-8").splitlines()
                assert len(rows) > len(table.tbody.find_all("tr"))


def test_convention_15_tables_are_captioned_headed_and_whole(pages):
    for _, page in each(pages):
        for table in page.find_all("table"):
            assert table.caption.get_text().strip()
            heads = table.thead.find_all("th")
            assert {head["scope"] for head in heads} == {"col"}
            assert not table.select("[colspan], [rowspan]")
            for row in table.tbody.find_all("tr"):
                cells = row.find_all(["th", "td"])
                assert len(cells) == len(heads)
                assert cells[0].name == "th"
                assert {cell["scope"] for cell in row.find_all("th")} == {"row"}
                assert all(cell.get_text().strip() for cell in cells)


def test_convention_16_symbols_are_explained_above_the_table_and_zero_is_zero(pages):
    for name, page in each(pages):
        for table in page.find_all("table"):
            used = set(re.findall(r"\[(\w+)\]", table.tbody.get_text()))
            above = table.find_parent("div").find_previous_sibling("p")
            explained = set(re.findall(r"\[(\w+)\] means", above.get_text())) if used else set()
            assert used == explained <= set(SYMBOLS), name
            for figure in table.find_all("data"):
                shown = figure.get_text()
                assert (float(figure["value"]) == 0) == bool(re.fullmatch("0%?", shown)), (name, figure)


def test_convention_17_numbers_are_to_the_right_and_their_thousands_parted(pages):
    assert re.search(r"(?m)^\.number \{ text-align: right;", pages["index"].style.get_text())
    for name, page in each(pages):
        for cell in page.select("tbody td"):
            if cell.find("data") and not re.search("[A-Za-z]{4}", cell.get_text()):
                assert "number" in cell["class"], (name, cell)
            assert not re.search(r"\d{4,}", re.sub(r"\b(19|20)\d\d\b", "", cell.get_text())), (name, cell)


def test_convention_17_the_unit_is_in_the_header(pages):
    """Or in the cell, where a table has measures of several units, as that of the verdicts."""
    for name, page in each(pages):
        for table in page.find_all("table"):
            rows = [row.find_all(["th", "td"]) for row in table.tbody.find_all("tr")]
            for head, *cells in zip(table.thead.find_all("th"), *rows, strict=True):
                units = {
                    data["data-unit"] for cell in cells for data in cell.select("data[data-statistic=value]")
                }
                if units == {"%"} and not table["id"].endswith("-verdicts"):
                    assert "%" in head.get_text(), (name, table["id"])
                    assert not any("%" in cell.get_text() for cell in cells)


def test_convention_17_years_and_notes_in_words(pages):
    for name, page in each(pages):
        assert not page.find_all(["sup", "sub"])
        body = BeautifulSoup(str(page.body), "html.parser")
        for method in body.select("[data-name=method]"):  # χ² is no note
            method.decompose()
        text = body.get_text(" ")
        assert not re.search(r"\b20\d\d ?[/–-] ?(20)?\d\d\b", text), name
        assert not re.search(r"[¹²³⁴*†‡]", text), name


def test_convention_17_one_number_of_decimals_in_a_column(pages):
    for name, page in each(pages):
        for table in page.find_all("table"):
            rows = [[cell.get_text() for cell in row.find_all("td")] for row in table.tbody.find_all("tr")]
            verdicts = table["id"].endswith("-verdicts")  # a row for each measure: before and latest alike
            for column in [row[1:3] for row in rows] if verdicts else zip(*rows, strict=True):
                found = [n for cell in column for n in re.findall(r"\d[\d,]*(?:\.\d+)?", cell) if n != "0"]
                assert len({len(n.partition(".")[2]) for n in found}) <= 1, (name, column)


def test_no_id_is_there_twice_on_a_page(pages):
    for name, page in each(pages):
        ids = [element["id"] for element in page.find_all(id=True)]
        assert len(ids) == len(set(ids)), name


def test_a_number_behind_a_figure_names_the_source_that_gives_it(pages):
    """But for those that are worked out: marks of attendance, totals that percentages imply, what is left."""
    given = {(row.source, row.value) for name in tables() for row in load(name).itertuples()}
    worked_out = re.compile("attendance_|board_|icpc_|.*_not_named$")
    numbers = "data[data-statistic^=numerator], data[data-statistic^=denominator]"
    found = [figure for _, page in each(pages) for figure in page.select(numbers)]
    named = [figure for figure in found if not worked_out.match(figure["data-measure"])]
    assert len(named) > 100
    for figure in named:
        names = figure["data-source"].split()
        assert any((name, float(figure["value"])) in given for name in names), figure
    assert len({figure["data-source"] for figure in named}) > 10


def test_every_bound_figure_says_what_it_is(pages):
    wanted = {
        "data-statistic",
        "data-measure",
        "data-category",
        "data-area",
        "data-period",
        "data-unit",
        "data-source",
    }
    alone = {"confidence", "power", "test_level"}
    alone |= {"comparisons", "verdicts", "checks", "balances", "findings", "claims"}
    alone |= {"pages_checked", "rules_checked", "faults_found", "unjudged"}
    bound = [figure for _, page in each(pages) for figure in page.find_all("data")]
    assert len(bound) > 300
    for figure in bound:
        float(figure["value"])
        assert figure["data-statistic"] in alone or wanted <= set(figure.attrs), figure


def test_no_number_in_the_main_text_is_unbound(pages):
    for name, page in each(pages):
        main = BeautifulSoup(str(page.main), "html.parser")
        for bound in main(["data", "time", "cite", "svg", "thead", "caption", "th"]):
            bound.extract()
        for marked in main.select("[data-name], [data-status], .subtitle, .download, .contents"):
            marked.extract()
        text = re.sub(r"\(sections? [^)]*\)|section 47|Note \d|v3\.0", "", main.get_text(" "))
        assert not re.findall(r"\d[\d,.]*", text), name


def test_every_figure_of_the_report_is_on_a_page(pages):
    """By category, area, period and number: a count may stand as part of a share, money unsigned."""
    shown = {
        (figure["data-category"], figure["data-area"], figure["data-period"], number)
        for _, page in each(pages)
        for figure in page.select("data[data-period]")
        for number in (float(figure["value"]), shown_number(figure.get_text()))
    }
    rows = pd.concat(load(table) for table in tables())
    rows = rows[rows["source"].str.startswith("report-") & rows["value"].notna()]
    missing = [
        (row.measure, row.category, row.printed, row.source)
        for row in rows[rows["measure"] != "dated_event"].itertuples()  # an event has a date and no figure
        if not {(row.category, row.area_code, period(row), sign * row.value) for sign in (1, -1)} & shown
    ]
    assert len(rows) > 400
    assert not missing


def shown_number(text):
    """The number that a reader sees, or none where a word stands for it."""
    digits = re.sub("[,£%]", "", text.replace(MINUS, "-"))
    return float(digits) if re.fullmatch(r"-?[\d.]+", digits) else None


def period(row):
    days = dict.fromkeys(f"{day:%Y-%m-%d}" for day in (row.period_start, row.period_end))
    return "/".join(days)


def test_the_verdicts_on_the_pages_are_those_of_the_edition(pages):
    table = verdict_table(EDITION).set_index("question")
    said = {mark["data-verdict"]: (name, mark.get_text()) for name, page in each(pages)
            if name in EDITION.chapters for mark in page.select("[data-verdict]")}  # fmt: skip
    assert said == {question: (row["chapter"], row["verdict"]) for question, row in table.iterrows()}


def test_a_page_weighs_little(pack):
    """Apart from that of the whole pack, which holds no more than the others together."""
    sizes = {path.name: path.stat().st_size for path in pack.glob("*.html")}
    whole = sizes.pop("all.html")
    assert max(sizes.values()) < 400_000
    assert whole < sum(sizes.values())


@pytest.mark.parametrize("word", ["Absent parenting", "Family dysfunction"])
def test_names_that_judge_a_family_stand_in_quotation_marks_in_prose(pages, word):
    for _, page in each(pages):
        for prose in page.select("p.finding, p.headline"):
            text = prose.get_text()
            assert text.count(word) == text.count(f"“{word}”")


def test_the_page_of_methods_has_every_method_named_and_links_to_where(pages):
    by_title = {method.title: method for method in methods()}
    chapters = {name: page for name, page in each(pages) if name in EDITION.chapters}
    used = {
        name: {mark["data-method"] for mark in page.select("[data-method]")}
        for name, page in chapters.items()
    }
    shown = pages["methods"].select("section.method")
    titles = [section.h2.get_text() for section in shown]
    assert {by_title[title].name for title in titles} == set().union(*used.values())
    for section in shown:
        method = by_title[section.h2.get_text()]
        text = section.get_text()
        assert all(said in text for said in (method.words, method.formula, method.source))
        linked = {link["href"].removesuffix(".html") for link in section.find_all("a")}
        assert linked == {name for name in used if method.name in used[name]}


def test_every_interval_and_test_on_a_page_names_its_method(pages):
    for _, page in each(pages):
        for figure in page.find_all("data"):
            if re.search(
                "lower|upper|p_value|p_dispersed|smallest_[frs]|tips|threshold", figure["data-statistic"]
            ):
                assert figure.get("data-method") or figure["data-statistic"] == "smallest_change", figure


def test_the_statistics_are_folded_away_in_the_chapter_and_not_on_the_index(pages):
    assert not pages["index"].find_all("details")
    for name in EDITION.chapters:
        compared = [
            mark for mark in pages[name].select("[data-verdict]") if mark.get_text() != "not compared"
        ]
        assert len(pages[name].find_all("details")) == len(compared)


def test_convention_8_no_known_abbreviation_stands_before_it_is_in_words(pages):
    for name, page in each(pages):
        body = BeautifulSoup(str(page.body), "html.parser")
        for unseen in body(["svg", "nav", "details"]) + body.select("[style*=clip-path]"):
            unseen.decompose()
        text = re.sub(r"\s+", " ", body.get_text(" "))
        for term, meaning in meanings().items():
            used = re.search(rf"(?<![\w&+]){re.escape(term)}(?![\w+])", text)
            around = text[used.start() - 1 : used.end() + len(meaning) + 3] if used else "()"
            assert f"{term} ({meaning})" in around or around[0] + around[-1] == "()" or (
                text[used.start() - 1] + text[used.end()] == "()"
            ), (name, term)  # fmt: skip


def test_each_convention_of_the_page_its_charts_and_its_tables_has_a_test():
    sources = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    names = [
        name for source in sources for name in re.findall(r"def test_convention_((?:\d+_(?:and_)?)+)", source)
    ]
    assert {int(number) for name in names for number in re.findall(r"\d+", name)} == set(range(1, 18))


def test_the_a_to_z_has_every_measure_that_is_shown_and_leads_to_where_it_stands(pages):
    titles = measures()["title"]
    shown = {
        mark["data-measure"] for name in EDITION.chapters for mark in pages[name].select("[data-measure]")
    }
    listed = [mark.get_text() for mark in pages["measures"].select("dt")]
    assert listed == sorted(listed, key=str.casefold)
    assert {spelt(title) for title in listed} == {titles[measure] for measure in shown}
    for entry in pages["measures"].select("dd"):
        title = spelt(entry.find_previous("dt").get_text())
        for link in entry.find_all("a"):
            file, place = link["href"].split("#")
            heading = pages[file.removesuffix(".html")].find(id=place)
            found = [mark["data-measure"] for mark in heading.find_all_next(attrs={"data-measure": True})]
            assert title in {titles[measure] for measure in found}, link["href"]


def spelt(words):
    """Words without what their abbreviations stand for."""
    for meaning in meanings().values():
        words = words.replace(f" ({meaning})", "")
    return words


def test_the_source_of_every_chart_and_table_is_one_step_away(pages):
    led = 0
    for name in EDITION.chapters:
        full = {cite["id"]: cite["data-source"] for cite in pages[name].select("cite[id]")}
        for line in pages[name].select("p.source"):
            for cite in line.select("cite[data-source]"):
                if f"source-{cite['data-source']}" in full:
                    assert cite.parent["href"] == f"#source-{cite['data-source']}", name
                    led += 1
                else:
                    assert cite.parent.name != "a", name
    assert led > 60
