"""Whether words and digits on a page are borne out by the figures and verdicts that they stand for.

The library makes every figure again; that its sentences then say “rose” of what rose is tested here, over the
pages of whole packs.
"""

import itertools
import re

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from lscb_analysis.data.files import labels, measures
from lscb_analysis.figure import Figure
from lscb_analysis.pages.display import MINUS, period, when
from lscb_analysis.pages.words import words
from lscb_analysis.statistics.estimates import rounded

WORDS = words()
CLAIMS = {claim["says"]: claim["where"] for claim in WORDS["claims"].values()}
"""What pages say of a verdict, and of which comparisons it is true."""

CLAIMS_OF_ALL = {claim["says"]: claim["none"] for claim in WORDS["claims_of_all"].values()}
"""What pages say where no comparison came to some verdicts, and which those are."""

WAYS = {"more": 1, "less": -1, "same": 0}
SIGNS = {word: WAYS.get(key, key == "yes") for of in WORDS["signs"].values() for key, word in of.items()}
"""Words that give a figure its sign, or say that something is so."""
ORDERS = {
    order: [
        re.sub(r"\{[^}]*\}", ".+", WORDS["lists"][name][key]) for name in ("standing", "larger", "beside")
    ]
    for key, order in WAYS.items()
}
"""Words that say how a figure stands to the other of its sentence."""

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
    said, value = data.get_text(), about.value * (100 if about.statistic in FRACTIONS else 1)
    if digits := SHOWN.fullmatch(said):
        sign, whole, decimals = digits.groups()
        shown = float(f"{whole.replace(',', '')}.{decimals or 0}") * (-1 if sign == MINUS else 1)
        due = float(rounded(value, len(decimals or "")))
        # words may give the sign, as in “fell by 3”, and then stand beside it
        return shown == due or (not sign and shown == abs(due) and data.find_parent(["td", "dd"]) is None)
    if about.statistic.startswith("smallest_"):
        return about.statistic.removeprefix("smallest_") in said or "shift" in said
    for order, ordered in ORDERS.items():
        if any(re.fullmatch(word, said) for word in ordered):
            return order in (np.sign(value - other_of(data).value), 0 if same_shown(value, data) else None)
    due = SIGNS.get(said)
    if isinstance(due, bool):
        return bool(value) == due
    # what reads the same in both periods stayed the same, whatever lies behind the rounding
    stayed = said == WORDS["signs"]["moved"]["same"] and abs(value) < 1
    return due is None or stayed or np.sign(value) == due


def same_shown(value, data):
    return abs(value - other_of(data).value) < 0.5


def other_of(data):
    """The figure that a sentence sets beside one: the next other one in it, else the one before."""
    about = Figure.of_html(data.attrs)
    for beside in (data.next_siblings, data.previous_siblings):
        of_sentence = itertools.takewhile(
            lambda part: not re.search(r"\.(?:\s|$)", str(part.string or "")), beside
        )
        for part in of_sentence:
            if part.name == "data" and (other := Figure.of_html(part.attrs)) != about:
                return other
    raise ValueError(f"No other figure beside {data}")


def true_of(said, question, verdicts):
    """Whether what is claimed of a question, or of all, is true of its verdict."""
    if question == "*":
        return not verdicts["verdict"].isin(CLAIMS_OF_ALL[said]).any()
    row = verdicts[verdicts["question"] == question]
    return said == row["verdict"].item() or (said in CLAIMS and len(row.query(CLAIMS[said])) == 1)


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
            for measure, said in measures()[column].items():
                for spelt in (said, said[:1].upper() + said[1:], said[:1].lower() + said[1:]):
                    self.measures.setdefault(spelt, set()).add(measure)
        columns = ["period_start", "period_end", "time_identifier", "iso"]
        every = pd.concat([rows, known.found[known.found["iso"] != ""]])[columns].drop_duplicates()
        for row in every.to_dict("records"):
            day = row["period_end"]
            short = [] if "/" in row["iso"] else [f"{day.day} {day:%b %Y}"]
            for said in (period(row), str(when(row).striptags()), *short):
                self.periods.setdefault(said, set()).add(row["iso"])
        for (_, category), label in labels().items():
            self.categories.setdefault(label, set()).add(category)
