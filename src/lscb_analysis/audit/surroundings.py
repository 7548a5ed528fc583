"""Of which period, area, measure and category a figure is, by the words around it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from lscb_analysis.audit.remade import Known
from lscb_analysis.audit.words import AGREE, COMPARES, Reasons
from lscb_analysis.data import dictionary, known_sources, labels, measures, records, texts, with_role
from lscb_analysis.figure import BEFORE, Figure, period_of
from lscb_analysis.pages import (
    LAW,
    STANDARD,
    Block,
    Piece,
    cited,
    in_every,
    in_full,
    meanings,
    methods,
    percent,
    period,
    phrase_of,
    place_of,
    when,
)
from lscb_analysis.quality import TOTAL

_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand "
    "thousands million dozen dozens half halves twice thrice double doubled triple tripled"
)
_NUMBER = re.compile(
    rf"\d[\d,.]*|\b(?:{'|'.join(_NUMBER_WORDS.split())})\b|\b(?:a|one) (?:third|quarter|fifth|tenth)\b", re.I
)
"""A number in digits or words; not `one`, which is a pronoun far more often."""
_REFERENCE = re.compile(r"\b(?:sections?|appendix)( (?:and )?\d+(?:\.\d+)*,?)+", re.I)


@dataclass(frozen=True)
class Names:
    """Words that pages may use as names: of periods, areas, categories, measures, and any with a number."""

    periods: dict[str, set[str]]
    areas: dict[str, set[str]]
    categories: dict[str, set[str]]
    measures: dict[str, set[str]]
    phrases: dict[str, str]
    numbered: list[str]
    whole: set[str]
    cites: dict[str, set[str]]
    spelt: list[str]

    def short(self, words: str) -> str:
        """Return words without what their abbreviations stand for."""
        for meaning in self.spelt if "(" in words else ():
            words = words.replace(meaning, "")
        return words

    def number_in(self, words: str) -> str:
        """Return the first number in `words` that belongs to no name or reference, or nothing."""
        if not _NUMBER.search(words):
            return ""
        for name in self.numbered:
            words = words.replace(name, " ")
        found = _NUMBER.search(_REFERENCE.sub(" ", words))
        return found[0] if found else ""


def names(known: Known, areas: frozenset[str]) -> Names:
    """Return the names that the dictionary, the data and the edition give; of `areas` (codes) only."""
    of, edition = measures(), known.edition
    placed = known.rows[known.rows["area_code"].isin(areas)]
    categories: dict[str, set[str]] = {}
    for (_, category), label in labels().items():
        categories.setdefault(label, set()).add(category)
    named: dict[str, set[str]] = {}
    for column in ("title", "phrase", "label"):
        for measure, words in of[column].items():
            for spelling in (words, words[:1].upper() + words[1:], words[:1].lower() + words[1:]):
                named.setdefault(spelling, set()).add(str(measure))
    sources = dictionary().sources
    others = {
        words
        for column in ("publisher", "document", "table", "short", "licence")
        for words in sources[column]
    }
    checks = texts("accessibility")
    others |= {f"release {release}" for release in sources["release"]}
    others |= {
        *of["definition"].str.rstrip("."),
        *of["unit"],
        *of["counted"],
        *of["dispersion_source"],
        f"{percent(edition.confidence)} interval",
        *in_every().values(),
        *checks["what"],
        *(checks["tool"] + " " + checks["version"]),
    }
    others |= {edition.period, edition.title, edition.board, edition.ask, edition.analysed, edition.assured}
    others |= {words or "" for help in edition.help for words in (help.when, help.service, help.telephone)}
    periods = _periods(known)
    areas_named = {name: {*codes} for name, codes in placed.groupby("area_name")["area_code"]}
    others |= (
        known.home if len(known.home) > 1 else set()
    )  # a page names both codes of an area that was recoded
    every = {*periods, *areas_named, *categories, *named, *others}
    return Names(
        periods,
        areas_named,
        categories,
        named,
        of["phrase"].to_dict(),
        sorted((words for words in every if _NUMBER.search(words)), key=len, reverse=True),
        {
            *(words for method in methods() for words in (method.title, method.words, method.formula)),
            *of["title"],
            *of["definition"].str.rstrip("."),
        },
        _citations(),
        [f" ({meaning})" for meaning in meanings().values()],
    )


def _citations() -> dict[str, set[str]]:
    """Every way in which a page cites each source; without a key those of all, of methods, of a law."""
    sources = known_sources()
    ways = {
        source["source"]: {
            source["short"],
            f"{source['short']}: {source['table']}",
            in_full(source).striptags(),
            place_of(source["source"]).striptags(),
        }
        for source in sources
    }
    return ways | {
        "": set[str]().union(*ways.values(), {method.source for method in methods()}, {STANDARD, LAW})
    }


def _periods(known: Known) -> dict[str, set[str]]:
    """Every way in which a page names a period of the data."""
    told: dict[str, set[str]] = {}
    every = pd.concat([known.rows, known.found])[["period_start", "period_end", "time_identifier", "iso"]]
    every = every[every["iso"] != ""]  # a withheld figure that is given away is not named, nor its period
    for row in records(every.drop_duplicates()):
        day = row["period_end"]
        short = [] if "/" in row["iso"] else [f"{day.day} {day:%b %Y}"]
        for words in (period(row), str(when(row).striptags()), *short):
            told.setdefault(words, set()).add(row["iso"])
    return told


def check_periods(known: Known, names: Names, block: Block, sentence: list[Piece]) -> Reasons:
    """Yield each figure that is not of the period beside it, or else of one that its row or text names."""
    told = _periods_told(names, sentence)
    heads = _periods_of_cell(known, names, block)
    for at, piece in enumerate(sentence):
        figure = cited(piece) if piece.mark == "data" else Figure("")
        if not figure.period or _of_target(sentence, at) or piece.words in COMPARES:
            continue
        own = {figure.period, figure.before} - {""}
        near = [_period_beside(sentence, told, at), *heads, set().union(*told.values())]
        named = next(filter(None, near), own)
        if not own & named:
            yield f"“{piece.words}” is of {figure.period}, not of {' or '.join(sorted(named))}."
    yield from _check_ends(sentence)


def _check_ends(sentence: list[Piece]) -> Reasons:
    """What a change is said to go from and to are the figures of its earlier and its later period."""
    change = Figure("")
    for at, piece in enumerate(sentence):
        figure = cited(piece) if piece.mark == "data" else Figure("")
        if figure.statistic == "change" and figure.before:
            change = figure
        elif figure.statistic in ("value", "value_before") and figure.measure == change.measure:
            before = _plain_before(sentence, at)
            due = change.before if before.endswith("from ") else change.period if before == " to " else ""
            if due and figure.period != due:
                yield f"“{piece.words}” is of {figure.period}, and the change beside it is about {due}."
        ends = figure.statistic in ("value", "value_before") and _plain_before(sentence, at) == " to "
        if figure.period and (ends or _plain_before(sentence, at) == ", then "):
            earlier = cited(sentence[at - 2])
            if earlier.place[:3] == figure.place[:3] and earlier.period[-10:] >= figure.period[-10:]:
                yield f"“{piece.words}” is said to follow a figure that is not of an earlier period."


def _periods_told(names: Names, sentence: list[Piece]) -> dict[int, set[str]]:
    """The periods that a sentence names, by the place of the piece that does."""
    told: dict[int, set[str]] = {}
    for at, piece in enumerate(sentence):
        if piece.mark == "time":
            before, date = _plain_before(sentence, at), piece.about.get("datetime", "")
            told[at] = {_iso_of(before, date)}
            if before == " to " and _plain_before(sentence, at - 2).endswith("from "):
                told[at - 2] = told[at] = {f"{sentence[at - 2].about.get('datetime')}/{date}"}
        elif piece.mark == "name" and piece.words in names.periods:
            told[at] = names.periods[piece.words]
    return told


def _iso_of(before: str, date: str) -> str:
    """The period that ends on a date, as the words before it say, or the month or the day that it is."""
    months = 12 if before.endswith("year ending ") else 3 if before.endswith("quarter ending ") else 0
    if len(date) == len("2018-03"):
        end = pd.Timestamp(date) + pd.offsets.MonthEnd(0)
        return f"{date}-01/{end:%Y-%m-%d}"
    if not months:
        return date
    start = pd.Timestamp(date) + pd.Timedelta("1D") - pd.DateOffset(months=months)
    return f"{start:%Y-%m-%d}/{date}"


_BETWEEN = re.compile(r"\s*(?:per [\d,]+ children)?,?\s*(?:at|in|from|in the (?:year|quarter) ending)?\s*|: ")


def _period_beside(sentence: list[Piece], told: dict[int, set[str]], at: int) -> set[str]:
    """The period right after a figure, or right before it with a colon; `then` is the one named last."""
    if _plain_after(sentence, at).startswith(" then"):
        return told.get(max((near for near in told if near < at), default=-1), set())
    for step in (1, -1):
        words, near = "", at + step
        while 0 <= near < len(sentence) and near not in told and sentence[near].mark in ("", "name"):
            words += sentence[near].words
            near += step
        if near in told and _BETWEEN.fullmatch(words) and (words == ": ") == (step == -1):
            return told[near]
    return set()


def _periods_of_cell(known: Known, names: Names, block: Block) -> list[set[str]]:
    """The periods that the head of a cell's row names, and that of its column."""
    if block.tag != "td":
        return []
    suffix = {"Before": BEFORE, "Latest": ""}.get(block.column)
    if suffix is not None:
        return [{period_of(row, suffix) for row in records(known.verdicts)}]
    return [names.periods[words] for words in (*block.row, _head(block)) if words in names.periods]


def check_subjects(known: Known, names: Names, block: Block) -> Reasons:
    """Yield each figure that is not of the area, measure and category that its paragraph or row speaks of."""
    areas = _areas_of(known, names, block)
    subject, quoted = _heads_of_cell(names, block)
    for sentence in block.sentences():
        words = names.short("".join(piece.words for piece in sentence))
        areas = (block.tag != "td" and _areas_in(names, words)) or areas
        for at, piece in enumerate(sentence):
            if piece.mark == "name":
                named = piece.about.get("data-name", "")
                if named in names.phrases:
                    subject = {named}
                    if piece.words.lower() not in _phrases(names.phrases[named]):
                        yield f"“{piece.words}” is not how the dictionary calls {named}."
                elif named == "kind" and piece.words != _counted(sentence, at):
                    yield f"“{piece.words}” is not what the figure before it counts."
                elif named == "label" and piece.words not in names.periods:
                    subject = names.measures.get(piece.words, set())
                    quoted = names.categories.get(piece.words, set())
            elif not piece.mark:
                quoted = _quoted(names, re.findall("“([^”]*)”", names.short(piece.words))) or quoted
            elif piece.mark == "data" and not _of_target(sentence, at) and not _of_paragraph(piece):
                follows = re.match(r" \(“([^”]*)”", _plain_after(sentence, at))
                quoted = _quoted(names, follows.groups() if follows else ()) or quoted
                beside = _area_beside(names, sentence, at) or areas
                yield from _check_subject(known, cited(piece), piece.words, beside, subject, quoted)
        yield from _check_both(sentence)


def _phrases(phrase: str) -> set[str]:
    """How a measure may be called: a rate of what is counted is no number."""
    return {phrase.lower(), *(phrase_of(phrase, unit).lower() for unit in ("number", "%", "per"))}


def _areas_of(known: Known, names: Names, block: Block) -> set[str]:
    """The area that the head of a cell's row or column names, or a caption, or else that of the edition."""
    heads = (*block.row, _head(block)) if block.tag == "td" else ()
    named = set[str]().union(*(names.areas.get(words, ()) for words in heads))
    return named or _areas_in(names, names.short(block.caption)) or {*known.home}


def _areas_in(names: Names, words: str) -> set[str]:
    return set[str]().union(*(codes for name, codes in names.areas.items() if name in words))


def _area_beside(names: Names, sentence: list[Piece], at: int) -> set[str]:
    """The area that stands right after a figure (`in` and its name), or right before it with a colon."""
    after, before = _plain_after(sentence, at), _plain_before(sentence, at)
    return set[str]().union(
        *(
            codes
            for name, codes in names.areas.items()
            if after.startswith(f" in {name}") or before.endswith(f"{name}: ")
        )
    )


def _heads_of_cell(names: Names, block: Block) -> tuple[set[str], set[str]]:
    """The measures and the categories that the heads of a cell's row and column name."""
    if block.tag != "td":
        return set(), set()
    heads = {*block.row, *([_head(block)] if "by-measure" in block.table else [])}
    subject = [names.measures[words] for words in heads & names.measures.keys()]
    return set[str]().union(*subject), _quoted(names, block.row)


def _quoted(names: Names, words: Iterable[str]) -> set[str]:
    return set[str]().union(*(names.categories.get(label, set()) for label in words))


def _check_both(sentence: list[Piece]) -> Reasons:
    """Two figures beside each other, as those of two areas, are not of one."""
    for at, piece in enumerate(sentence):
        if piece.mark == "data" and _plain_before(sentence, at) == " beside ":
            one, other = cited(sentence[at - 2]), cited(piece)
            if one.area == other.area or one.measure != other.measure:
                yield f"“{piece.words}” stands beside a figure that it cannot be compared with."


def _check_subject(
    known: Known, figure: Figure, words: str, areas: set[str], subject: set[str], quoted: set[str]
) -> Reasons:
    alike = {figure.measure, *known.alike.get(figure.measure, ())}
    if figure.area and figure.area not in areas:
        yield f"“{words}” is of the area {figure.area}, which is not the one named."
    if figure.measure and subject and not alike & subject:
        yield f"“{words}” is of {figure.measure}, not of {' or '.join(sorted(subject))}."
    if figure.category not in ("", TOTAL) and quoted and figure.category not in quoted:
        yield f"“{words}” is of the category {figure.category!r}, not of {' or '.join(sorted(quoted))}."


def _head(block: Block) -> str:
    """The title of a cell's column, without its unit."""
    return re.sub(r" \([^()]*\)$", "", block.column)


def _counted(sentence: list[Piece], at: int) -> str:
    """What the last figure before a piece counts."""
    return next((cited(piece).category for piece in reversed(sentence[:at]) if piece.mark == "data"), "")


def _of_paragraph(piece: Piece) -> bool:
    """Whether words for a figure speak of all that the paragraph says, whatever it spoke of last."""
    return piece.words in AGREE or piece.words.startswith("by this one")


def _of_target(sentence: list[Piece], at: int) -> bool:
    target = cited(sentence[at]).measure in with_role("target")
    return target and _plain_before(sentence, at).endswith(" the target of ")


def _plain_before(sentence: list[Piece], at: int) -> str:
    return sentence[at - 1].words if at > 0 and not sentence[at - 1].mark else ""


def _plain_after(sentence: list[Piece], at: int) -> str:
    return sentence[at + 1].words if at + 1 < len(sentence) and not sentence[at + 1].mark else ""
