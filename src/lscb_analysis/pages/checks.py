"""What the rules of `quality` found, as sentences and tables: what does not fit, and what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import dictionary, measures, records, texts
from lscb_analysis.editions import Pack
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import Display, bind, category, isolated, name, period, places, text
from lscb_analysis.pages.sentences import finding, listed
from lscb_analysis.pages.tables import Column, csv, render
from lscb_analysis.project import open_board
from lscb_analysis.quality import SERIOUS, WITHHELD
from lscb_analysis.release import Release


@dataclass(frozen=True)
class Words:
    """How a rule is told: what it checks, what fits, what does not, and the heads of its two figures."""

    checked: str
    fits: str
    fails: str
    printed: str = "Printed"
    follows: str = "Follows from the rest"


WORDS = {
    "parts": Words(
        "Wholes held against the sum of their parts", "reached", "not reached", "Whole", "Parts add up to"
    ),
    "accounts": Words(
        "Outcomes of accounts held against their totals",
        "as the totals leave it",
        "otherwise",
        follows="Totals leave",
    ),
    "places": Words(
        "Repetitions of a figure held against the place it is taken from",
        "in agreement",
        "not in agreement",
        follows="Elsewhere",
    ),
    "rates": Words(
        "Rates held against a number and a population",
        "borne out",
        "not borne out",
        follows="Number over population",
    ),
    "percentages": Words(
        "Percentages held against the whole numbers behind them",
        "possible",
        "not possible",
        follows="Whole numbers give",
    ),
    "headings": Words(
        "Tables of percentages held against the total in their heading",
        "possible",
        "not possible",
        follows="Nearest shares of that total",
    ),
    "changes": Words(
        "Changes stated in numbers held against the same change in per cent",
        "in agreement",
        "not in agreement",
        follows="Per cent allow",
    ),
    "wholes": Words(
        "Numbers held against the number they are a part of", "within it", "not within it", follows="Whole"
    ),
    "ratings": Words(
        "Printed summaries of ratings held against every way to rate", "possible", "not possible"
    ),
    "dates": Words("Dates held against their place, or against another place", "fitting", "not fitting"),
    WITHHELD: Words("Withheld figures held against those around them", "still withheld", "given away"),
}
ALL = Words("Figures held against others", "in agreement", "not in agreement")


def one_rule(found: Release, rule: str) -> Release:
    """Return what one rule found, of all: still a release, and under the same rule of disclosure."""
    return Release(found.frame[found.frame["rule"] == rule].reset_index(drop=True), found.rule)


def describe_checks(found: Release) -> Display:
    """Say how many things a rule checked, or all of them, how many fit and how many do not."""
    frame = found.frame
    rules = frame["rule"].unique()
    of, words = (str(rules[0]), WORDS[rules[0]]) if len(rules) == 1 else ("Total", ALL)
    if frame.empty:
        return finding([Markup("The rule found nothing to check.")])
    balances = int(frame["balance"].sum())
    if balances in (0, len(frame)):
        said = words.fits if balances else words.fails
        number = Markup("all {} are" if len(frame) > 1 else "{},").format(_number(len(frame), "checks", of))
        return finding([Markup("{}: {} {}.").format(words.checked, number, said)])
    said = Markup("{}: {}, of them {} {} and {} {}.").format(
        words.checked,
        _number(len(frame), "checks", of),
        _number(balances, "balances", of),
        words.fits,
        _number(len(frame) - balances, "findings", of),
        words.fails,
    )
    return finding([said])


def describe_balance(found: Release) -> Display:
    """Say of which measures everything that the rule checked fits; of what is withheld, of none."""
    frame = found.frame[found.frame["rule"] != WITHHELD]
    fits = frame.groupby("measure", sort=False)["balance"].all()
    titled = fits.groupby(measures()["title"].reindex(fits.index).to_numpy(), sort=False).all()
    titles = [name(str(title)) for title in titled[titled].index]
    if not titles:
        return Display(Markup(""), "note")
    return Display(Markup("<p>Everything fits here for: {}.</p>").format(listed(titles, "; ")), "note")


def describe_scale() -> Display:
    """Say what each word for how serious a finding is means."""
    items = (
        Markup("<dt>{}</dt><dd>{}</dd>").format(word, f"{said[0].upper()}{said[1:]}.")
        for word, said in SERIOUS.items()
    )
    return Display(Markup('<dl class="scale">{}</dl>').format(Markup("").join(items)), "note")


def describe_claims(pack: Pack) -> Display:
    """List what the edition's report claims without a figure, in our words."""
    open_board(pack.edition.data)
    claims = texts("facts", edition=pack.edition.name, kind="claim")
    shorts = dictionary().sources.set_index("source")["short"]
    items = [
        Markup("<li><strong>{}</strong>: {} <cite>{}</cite></li>").format(
            claim["about"], isolated(claim["said"]), shorts[claim["source"]]
        )
        for claim in records(claims)
    ]
    said = Markup('<p class="finding">Claims without a figure: {}.</p>').format(
        _number(len(items), "claims", "Total")
    )
    return Display(said + Markup('<ul class="facts">{}</ul>').format(Markup("").join(items)), "finding")


def table_of_checks(found: Release) -> Display:
    """Return how many things each rule checked, how many fit and how many do not, as a table.

    Where no rule found anything to check there is no table. Its CSV has each thing that was checked, but for
    what is withheld.
    """
    told = found.frame[found.frame["rule"] != WITHHELD]
    if told.empty:
        return Display(Markup(""), "note")
    counts = found.frame.groupby("rule", sort=False)["balance"].agg(checks="size", balances="sum")
    lines = counts.assign(findings=counts["checks"] - counts["balances"]).reset_index()
    columns = [
        Column("Rule", lambda row: escape(WORDS[row["rule"]].checked), heads=True),
        *(
            Column(title, _counted(key))
            for title, key in (("Checked", "checks"), ("Fits", "balances"), ("Does not fit", "findings"))
        ),
    ]
    caption = f"What the rules checked, {_area(told)}"
    return render(told, columns, "checks", caption, lines)


def table_of_findings(found: Release) -> Display:
    """Return what does not fit by one rule: a table for each unit and number of decimals, one CSV for all.

    Each row says which figure, where it stands and against what, how serious it is, and which value the
    pack uses. Where everything fits there is no table, nor is there one of what is withheld.
    """
    told = found.frame["rule"] != WITHHELD
    wrong = found.frame[told & ~found.frame["balance"].astype(bool)]
    if wrong.empty:
        return Display(Markup(""), "note")
    rule = str(wrong["rule"].iloc[0])
    shown = [_table(rule, rows, at) for at, (_, rows) in enumerate(wrong.groupby(_alike(wrong), sort=False))]
    html = Markup("").join(table.html for table in shown)
    sheets = tuple(sheet for table in shown for sheet in table.sheets)
    return Display(html, "table", shown[0].name, shown[0].caption, csv(wrong), sheets)


def _table(rule: str, rows: pd.DataFrame, at: int) -> Display:
    unit = str(rows["unit"].iloc[0])
    words = WORDS[rule]
    heads = _headed(words.printed, unit), _headed(words.follows, unit)
    columns = {
        "dates": [_column("Dated", period), _column("Held against", lambda row: period(row, before=True))],
        "ratings": [Column("Printed mean", _printed), _column("Ratings that give it", _ratings)],
    }.get(rule, [Column(heads[0], _printed, statistic="value"), Column(heads[1], _follows, then=_to)])
    columns = [
        Column("Figure", _figure, heads=True),
        *columns,
        Column("How serious", lambda row: escape(row["serious"]), words=True),
        Column(_headed("Used here", unit), _used, words=True),
    ]
    caption = f"{words.checked}: {words.fails}, {_area(rows)}"
    return render(rows, columns, f"findings-{rule}{f'-{at + 1}' if at else ''}", caption, rows)


def _alike(frame: pd.DataFrame) -> pd.Series:
    """What may stand in one table: figures of one unit, with one number of decimals in a column."""
    keys = [f"{row['unit']} {places(row, 'value')} {places(row, 'least')}" for row in records(frame)]
    return pd.Series(keys, frame.index).where(frame["value"].notna(), "")


def _figure(row: Row) -> Markup:
    """What a finding is about, and where its figures stand."""
    title = isolated(measures().at[row["measure"], "title"])
    about = [title, *([category(row)] if row["category"] != "Total" else []), period(row)]
    against = [source for source in row["denominator_source"].split() if source != row["source"]]
    held = Markup(", against {}").format(listed([place_of(source) for source in against])) if against else ""
    return Markup("{}<br><small>{}{}</small>").format(", ".join(about), place_of(row["source"]), held)


def place_of(source: str) -> Markup:
    """Return where a source is, as tables of findings give it: its section and its table."""
    known = dictionary().sources.set_index("source").loc[source]
    said = f"section {known['section']}: {known['table']}" if known["section"] else known["short"]
    said = str(said).replace("section Appendix", "appendix")
    return Markup('<cite data-source="{}">{}</cite>').format(source, said)


def _printed(row: Row) -> Markup:
    if row["source"] == row["denominator_source"] and row["rule"] == "parts" and row["unit"] == "%":
        return name(text(row, "value").removesuffix("%"))
    return (
        Markup("{} {}").format(row["qualifier"], _cell(row, "value"))
        if row["qualifier"]
        else _cell(row, "value")
    )


def _follows(row: Row) -> Markup:
    least, most = row["least"], row["most"]
    if least == most:
        return _cell(row, "least")
    if np.isinf(most):
        return Markup("at least {}").format(_cell(row, "least"))
    if row["rule"] == "wholes":
        return Markup("at most {}").format(_cell(row, "most"))
    if row["rule"] == "parts":
        return _cell(row, "least")
    return Markup("{} or {}").format(_cell(row, "least"), _cell(row, "most"))


def _to(row: Row) -> Markup:
    """The other end of what follows, where it is a range."""
    ranges = row["rule"] == "parts" and row["least"] != row["most"] and np.isfinite(row["most"])
    return _cell(row, "most") if ranges else Markup("")


def _ratings(row: Row) -> str:
    return "only if the mean was cut off" if row["serious"] == "rounding" else "none"


def _used(row: Row) -> Markup:
    why = Markup("<small>{}</small>").format(row["why"] or "each part as printed")
    return why if pd.isna(row["used"]) else Markup("{}<br>{}").format(_cell(row, "used"), why)


def _cell(row: Row, statistic: str) -> Markup:
    return bind(row, statistic, text(row, statistic).removesuffix("%").replace("£", ""))


def _column(title: str, said: Callable[[Row], str]) -> Column:
    return Column(title, lambda row: name(said(row)), words=True)


def _headed(title: str, unit: str) -> str:
    return title if unit in ("number", "score") else f"{title} ({unit})"


def _counted(key: str) -> Callable[[Row], Markup]:
    return lambda row: _number(int(row[key]), key, row["rule"])


def _number(number: int, statistic: str, rule: str) -> Markup:
    """How many of something a rule found, or with `Total` all of them."""
    counted = Markup('<data value="{0}" data-statistic="{1}" data-category="{2}">{0:,}</data>')
    return counted.format(number, statistic, rule)


def _area(frame: pd.DataFrame) -> str:
    return ", ".join(isolated(area) for area in dict.fromkeys(frame["area_name"]))
