"""Whether words and digits on a page are borne out by the figures and verdicts that they stand for.

The library makes every figure again; that its sentences then say “rose” of what rose is tested here, over the
pages of whole packs.
"""

import re

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from lscb_analysis.data.files import labels, measures
from lscb_analysis.editions.verdicts import CALLED, CHANGED, NO_CLEAR_CHANGE, NOT_COMPARED, TOO_FEW
from lscb_analysis.figure import Figure
from lscb_analysis.pages.display import MINUS, period, when
from lscb_analysis.statistics.estimates import rounded

CLAIMS = {
    "is not compared": lambda row: row["verdict"] == NOT_COMPARED,
    "has not clearly changed": lambda row: row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW),
    "drives the change of the mix": lambda row: row["verdict"] == CHANGED,
    "Chance alone is very unlikely to bring about": lambda row: row["verdict"] in CALLED,
    "Chance alone could bring about": lambda row: row["p_value"] > row["threshold"],
    "chance would hardly bring about": lambda row: row["p_value"] <= row["threshold"] < row["p_dispersed"],
    "brothers and sisters are often counted together": lambda row: row["dispersion"] > 1,
    "would probably have shown": lambda row: row["verdict"] == NO_CLEAR_CHANGE,
    "is taken to matter": lambda row: row["verdict"] == TOO_FEW,
    "We can be fairly sure that this is a real change": lambda row: row["verdict"] in CALLED,
    "This is good news": lambda row: row["verdict"] == "better",
    "This is not good news": lambda row: row["verdict"] == "worse",
    "On its own, this is not good news or bad news": lambda row: row["verdict"] in ("higher", "lower"),
    "This may be just chance": lambda row: row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW),
    "But a real change could be hidden here": lambda row: row["verdict"] == TOO_FEW,
    "A change that matters would most likely have shown": lambda row: row["verdict"] == NO_CLEAR_CHANGE,
    "We cannot say if this has changed": lambda row: row["verdict"] == NOT_COMPARED,
    "We do not have the numbers for that": lambda row: row["verdict"] == NOT_COMPARED,
}
"""What pages say of a verdict, and when it is true of its comparison."""

CLAIMS_OF_ALL = {
    "No comparison shows a change beyond chance": lambda verdicts: not verdicts.isin(CALLED).any(),
    "There is no such comparison": lambda verdicts: not verdicts.isin([NO_CLEAR_CHANGE, TOO_FEW]).any(),
    "Everything could be compared": lambda verdicts: not verdicts.eq(NOT_COMPARED).any(),
}
"""What pages say where there is no comparison of a kind, and when it is true of the verdicts of all."""

SIGNS = {
    **dict.fromkeys(("rose", "rise", "a rise", "a rise of this size", "a surplus", "went up"), 1),
    **dict.fromkeys(("fell", "fall", "a fall", "a fall of this size", "a deficit", "went down"), -1),
    **dict.fromkeys(("no change", "neither a surplus nor a deficit"), 0),
}
"""Words that give a figure its sign."""
TRUTHS = {
    **dict.fromkeys(("could be", "can", "could", "agree"), True),
    **dict.fromkeys(("cannot be", "cannot", "could not", "do not agree"), False),
}
"""Words that say whether something can be."""

CLAIM = re.compile(
    r"beyond chance|chance alone|by chance|(?:to|than) chance|unlikely to bring|no clear change"
    r"|too few to tell|statistical(?:ly)? significan\w+|(?:is|are|was|were|not) significant\b|significantly"
    r"|significant (?:rise|fall|change|difference|increase|decrease|improvement|deterioration)"
    r"|clear(?:ly)? (?:rise|fall|change|rose|fell|higher|lower|better|worse)\w*|real change"
    r"|fairly sure|just chance|this is (?:not )?good news",
    re.I,
)
DIRECTION = re.compile(
    r"\b(?:rose|rises?|risen|rising|fell|falls?|fallen|falling|increas\w+|decreas\w+|grew|grown?|growing"
    r"|higher|lower|fewer|larger|smaller|dropped|declin\w+|improv\w+|worsen\w+|better|worse|upwards|downwards"
    r"|above|below|went (?:up|down)|(?:surplus|deficit) of)\b",
    re.I,
)
SHOWN = re.compile(rf"([+{MINUS}]?)£?([\d,]+)(?:\.(\d+))?%?(?: points)?")
MARKED = "data, em, cite, [data-claim], [data-verdict], [data-name], [data-method]"
FRACTIONS = ("confidence", "power", "test_level")


def not_borne_out(html, verdicts):
    """Everything on a page that says of a figure or of a verdict (rows of an edition) what is not so."""
    page = BeautifulSoup(html, "html.parser")
    found = [f"{data.get_text()} {data.attrs}" for data in page.find_all("data") if not shown_right(data)]
    for mark in ("data-verdict", "data-claim"):
        for said in page.select(f"[{mark}]"):
            if not true_of(said.get_text(), said[mark], verdicts):
                found.append(f"{said.get_text()} of {said[mark]}")
    return [*found, *unbound(page)]


def shown_right(data):
    """Whether the digits or the word of a `<data>` element are those of its value."""
    about = Figure.of_html(data.attrs)
    words, value = data.get_text(), about.value * (100 if about.statistic in FRACTIONS else 1)
    if digits := SHOWN.fullmatch(words):
        sign, whole, decimals = digits.groups()
        shown = float(f"{whole.replace(',', '')}.{decimals or 0}") * (-1 if sign == MINUS else 1)
        due = float(rounded(value, len(decimals or "")))
        # words may give the sign, as in “fell by 3”, and then stand beside it
        return shown == due or (not sign and shown == abs(due) and data.find_parent(["td", "dd"]) is None)
    if about.statistic.startswith("smallest_"):
        return about.statistic.removeprefix("smallest_") in words or "shift" in words
    if words in SIGNS:
        return np.sign(value) == SIGNS[words]
    return words not in TRUTHS or bool(value) == TRUTHS[words]


def true_of(words, question, verdicts):
    if question == "*":
        return CLAIMS_OF_ALL[words](verdicts["verdict"])
    row = verdicts.set_index("question").loc[question]
    return words == row["verdict"] or bool(words in CLAIMS and CLAIMS[words](row))


def unbound(page):
    """Words of direction beside a figure, and claims about chance, that are bound to no figure or verdict."""
    for block in page.find_all(["p", "li", "dd"]):
        if (
            block.find(["p", "li"])
            or block.find_parent(attrs={"data-name": True})
            or "data-name" in block.attrs
        ):
            continue
        whole = block.get_text()
        bound = block.find("data") or block.select_one("[data-claim]")
        asks = whole.strip().endswith("?") or whole.strip().startswith("Whether ")
        for marked in block.select(
            "data, em, cite, [data-claim], [data-verdict], [data-name], [data-method]"
        ):
            marked.decompose()
        plain = re.sub("“[^”]*”|in the table below", "", block.get_text())
        if bound and (found := DIRECTION.search(plain)):
            yield f"“{found[0]}” is bound to no figure: {whole}"
        if not asks and (found := CLAIM.search(plain)):
            yield f"“{found[0]}” claims what no verdict beside it says: {whole}"


class Names:
    """What pages call areas, measures, categories and periods, each with what is called so."""

    def __init__(self, known):
        rows = known.rows
        self.areas = {name: {*codes} for name, codes in rows.groupby("area_name")["area_code"]}
        self.measures, self.categories, self.periods = {}, {}, {}
        for column in ("title", "phrase", "label"):
            for measure, words in measures()[column].items():
                for spelt in (words, words[:1].upper() + words[1:], words[:1].lower() + words[1:]):
                    self.measures.setdefault(spelt, set()).add(measure)
        columns = ["period_start", "period_end", "time_identifier", "iso"]
        every = pd.concat([rows, known.found[known.found["iso"] != ""]])[columns].drop_duplicates()
        for row in every.to_dict("records"):
            day = row["period_end"]
            short = [] if "/" in row["iso"] else [f"{day.day} {day:%b %Y}"]
            for words in (period(row), str(when(row).striptags()), *short):
                self.periods.setdefault(words, set()).add(row["iso"])
        for (_, category), label in labels().items():
            self.categories.setdefault(label, set()).add(category)
