"""What the rules found, as it is shown: every number bound, nothing of a withheld figure told."""

import io
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.opened import Pack
from lscb_analysis.pages.words import words
from lscb_analysis.quality import findings
from lscb_analysis.quality.rules import RULES, SERIOUS
from lscb_analysis.release import protect

EDITION = read_edition("southend-2017-19")


@pytest.fixture(scope="module")
def found():
    return protect(findings(EDITION), rule="published")


def unbound(shown):
    """Digits outside of everything that says what it is."""
    soup = BeautifulSoup(str(shown.html), "html.parser")
    for bound in soup(["data", "cite", "th", "caption"]) + soup.select("[data-name], [data-status]"):
        bound.decompose()
    return re.findall(r"\d[\d,.]*", soup.get_text())


def test_every_rule_has_its_words():
    assert list(words()["rules"]) == ["Total", *RULES]


def test_the_sentence_counts_what_was_checked_what_fits_and_what_does_not(found):
    shown = BeautifulSoup(str(lscb.sentences.found(found).html), "html.parser")
    balances, checks, wrong = (int(number["value"]) for number in shown("data"))
    assert (checks, balances) == (len(found.frame), found.frame["balance"].sum())
    assert checks == balances + wrong


def test_where_all_fit_or_none_that_is_said_at_once(found):
    frame = found.only(rule="parts").frame
    for fits, said in ((True, "all {} are reached"), (False, "none of {} is reached")):
        all_alike = protect(frame.assign(balance=fits), rule="published")
        text = lscb.sentences.found(all_alike).text
        assert text == f"Wholes checked against the sum of their parts: {said.format(len(frame))}."


def test_a_rule_that_found_nothing_to_check_says_so(found):
    assert "nothing to check" in lscb.sentences.found(found.only(rule="no such rule")).text


@pytest.mark.parametrize("rule", RULES)
def test_no_number_is_shown_unbound(found, rule):
    for shown in (lscb.sentences.found, lscb.sentences.consistent, lscb.tabulate.findings):
        assert unbound(shown(found.only(rule=rule))) == []


def test_the_table_of_checks_has_a_row_for_each_rule(found):
    shown = BeautifulSoup(str(lscb.tabulate.checks(found).html), "html.parser")
    assert len(shown.tbody("tr")) == found.frame["rule"].nunique()
    assert unbound(lscb.tabulate.checks(found)) == []


def test_each_finding_is_a_row_and_the_csv_holds_them_all(found):
    frame = found.frame[found.frame["rule"] != "withheld"]
    for rule in frame.loc[~frame["balance"].astype(bool), "rule"].unique():
        release = found.only(rule=rule)
        shown = lscb.tabulate.findings(release)
        wrong = int((~release.frame["balance"].astype(bool)).sum())
        tables = BeautifulSoup(str(shown.html), "html.parser")("tbody")
        assert sum(len(table("tr")) for table in tables) == wrong
        assert len(pd.read_csv(io.StringIO(shown.csv))) == wrong


def test_where_all_is_well_there_is_no_table(found):
    fitting = found.frame[found.frame["balance"].astype(bool)]
    assert lscb.tabulate.findings(protect(fitting, rule="published")).html == ""


def test_of_withheld_figures_it_is_told_how_many_are_given_away_and_of_none_which(found):
    withheld = found.only(rule="withheld")
    assert "given away" in lscb.sentences.found(withheld).text
    assert str(lscb.tabulate.findings(withheld).html) == str(lscb.sentences.consistent(withheld).html) == ""
    checks = lscb.tabulate.checks(found)
    assert "Withheld figures" in checks.html
    assert "withheld" not in set(pd.read_csv(io.StringIO(checks.csv))["rule"])


def test_each_word_for_how_serious_a_finding_is_is_explained():
    assert all(word in lscb.sentences.seriousness().text for word in SERIOUS)


def test_claims_are_counted_and_listed(found):  # noqa: ARG001
    shown = BeautifulSoup(str(lscb.sentences.claims(Pack(EDITION)).html), "html.parser")
    assert int(shown.p.data["value"]) == len(shown("li"))
