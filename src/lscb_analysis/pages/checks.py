"""What rules and statistics found, as sentences and tables: what does not fit, and what does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import dictionary, measures, records
from lscb_analysis.editions import Pack
from lscb_analysis.errors import MisuseError
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import Display, bind, category, isolated, name, period, places, text
from lscb_analysis.pages.governance import attendance, possible
from lscb_analysis.pages.sentences import bounds, finding, fit, list_of_facts, standing, sums, versions
from lscb_analysis.pages.tables import Column, csv, render
from lscb_analysis.pages.words import beginning, listed, say, words
from lscb_analysis.quality import SERIOUS, WITHHELD
from lscb_analysis.release import Release


def checked(found: Release) -> Display:
    """Say how many things a rule checked, or all of them, how many fit and how many do not."""
    fits, of = found.frame["balance"].astype(bool), found.frame["rule"].unique()
    rule = str(of[0]) if len(of) == 1 else "Total"
    if fits.empty:
        return finding([say("checks.none")])
    numbers = {"checks": len(fits), "balances": int(fits.sum()), "findings": int((~fits).sum())}
    said = {key: _number(number, key, rule) for key, number in numbers.items()}
    told = _of_rule(rule)
    if fits.nunique() > 1:
        return finding([say("checks.some", **said, **told)])
    if len(fits) > 1:
        return finding([say("checks.all" if fits.all() else "checks.none_of", **said, **told)])
    return finding([say("checks.only", **said, **told, said=told["fits" if fits.all() else "fails"])])


def consistent(found: Release) -> Display:
    """Say for which measures everything that the rule checked fits; withheld figures are left out.

    >>> found = pack.protect(lscb.quality.findings(pack.edition))
    >>> lscb.sentences.consistent(found.only(rule="accounts"))
    Everything fits here for: ...
    """
    frame = found.frame[found.frame["rule"] != WITHHELD]
    fits = frame.groupby("measure", sort=False)["balance"].all()
    titled = fits.groupby(measures()["title"].reindex(fits.index).to_numpy(), sort=False).all()
    titles = [name(str(title)) for title in titled[titled].index]
    return Display(say("checks.balance", titles=listed(titles, "; ")) if titles else Markup(""), "note")


def seriousness() -> Display:
    """Say what each word for how serious a finding is means.

    >>> lscb.sentences.seriousness()
    rounding...slight...serious...
    """
    items = (say("checks.scale", word=word, said=beginning(said)) for word, said in SERIOUS.items())
    return Display(Markup('<dl class="scale">{}</dl>').format(Markup("").join(items)), "note")


def claims(pack: Pack) -> Display:
    """List what the edition's report claims without a figure, in our words.

    >>> lscb.sentences.claims(pack)
    Claims without a figure: ...
    """
    listing = list_of_facts(pack, kind="claim")
    number = _number(listing.count("<li>"), "claims", "Total")
    return Display(say("checks.claims", number=number) + listing, "finding")


SAID: dict[str, Callable[..., Display]] = {
    "balance": checked,
    "fits": fit,
    "stands": versions,
    "best": standing,
    "difference": sums,
    "possible": possible,
    "meetings": attendance,
}
"""What says what a statistic found, by the column that its frame alone has."""


def found(statistic: Release, beside: Release | None = None) -> Display:
    """Say what one statistic found, whose frame was protected: nothing where it found nothing.

    It is that of `versions`, `fits`, `standing`, `implied_populations`, `sums`, `attendance`,
    `check_summaries` or `findings`. `beside` is held against it: the estimates that were made with an
    implied population, or the place that is claimed.

    Raises MisuseError for another frame.

    >>> spent = lscb.statistics.stated(pack.load("board_expenditure"))
    >>> lscb.sentences.found(pack.protect(lscb.records.sums(spent)))
    The parts add up to £137,755.83, which is the total printed.
    """
    columns = statistic.frame.columns
    given = (statistic,) if beside is None else (statistic, beside)
    for column, said in SAID.items():
        if column in columns:
            return said(*given)
    if statistic.frame.empty:
        return Display(Markup(""), "note")
    if "lower" in columns and "confidence" not in columns:
        return bounds(*given)
    raise MisuseError(
        "lscb.sentences.found says what lscb.versions, findings, fits, standing, … returned; this release is "
        "of none of them. Type lscb.sentences.latest(release), or lscb.sentences. and Tab."
    )


def checks(found: Release) -> Display:
    """Return how many things each rule checked, how many fit and how many do not, as a table.

    Where no rule found anything to check there is no table. Its CSV has each thing that was checked, but for
    what is withheld.

    >>> found = pack.protect(lscb.quality.findings(pack.edition))
    >>> lscb.tabulate.checks(found).caption
    'What the rules checked, ..., ...'
    """
    told = found.frame[found.frame["rule"] != WITHHELD]
    if told.empty:
        return Display(Markup(""), "note")
    counts = found.frame.groupby("rule", sort=False)["balance"].agg(checks="size", balances="sum")
    lines = counts.assign(findings=counts["checks"] - counts["balances"]).reset_index()
    columns = [
        Column("Rule", lambda row: escape(_of_rule(row["rule"])["checked"]), heads=True),
        *(
            Column(title, _counted(key))
            for title, key in (("Checked", "checks"), ("Fits", "balances"), ("Does not fit", "findings"))
        ),
    ]
    caption = f"What the rules checked, {_area(told)}"
    return render(told, columns, "checks", caption, lines)


def findings(found: Release) -> Display:
    """Return what does not fit by one rule: a table for each unit and number of decimals, one CSV for all.

    Each row says which figure, where it stands and against what, how serious it is, and which value the
    pack uses. Where everything fits there is no table; of withheld figures there never is one.

    >>> found = pack.protect(lscb.quality.findings(pack.edition))
    >>> lscb.tabulate.findings(found.only(rule="rates")).caption
    'Rates checked against a number and a population: ..., ...'
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
    told = _of_rule(rule)
    heads = _headed(told["printed"], unit), _headed(told["follows"], unit)
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
    caption = f"{told['checked']}: {told['fails']}, {_area(rows)}"
    return render(rows, columns, f"findings-{rule}{f'-{at + 1}' if at else ''}", caption, rows)


def _alike(frame: pd.DataFrame) -> pd.Series:
    """What may stand in one table: figures of one unit, with one number of decimals in a column."""
    keys = [f"{row['unit']} {places(row, 'value')} {places(row, 'least')}" for row in records(frame)]
    return pd.Series(keys, frame.index).where(frame["value"].notna(), "")


def _figure(row: Row) -> Markup:
    """What a finding is about, and where its figures stand."""
    title = isolated(measures().at[row["measure"], "title"])
    about = [title, *([category(row)] if row["category"] != "Total" else []), period(row)]
    against = [_place(source) for source in row["denominator_source"].split() if source != row["source"]]
    held = say("checks.held", places=listed(against)) if against else ""
    return say("checks.figure", about=", ".join(about), place=_place(row["source"]), held=held)


def _place(source: str) -> Markup:
    """Where a source is, as tables of findings give it: its section and its table."""
    known = dictionary().sources.set_index("source").loc[source]
    said = f"section {known['section']}: {known['table']}" if known["section"] else known["short"]
    return say("sources.short", source=source, place=str(said).replace("section Appendix", "appendix"))


def _printed(row: Row) -> Markup:
    if row["source"] == row["denominator_source"] and row["rule"] == "parts" and row["unit"] == "%":
        return name(text(row, "value").removesuffix("%"))
    figure = _cell(row, "value")
    qualifier = row["qualifier"]
    return say("checks.qualified", qualifier=qualifier, figure=figure) if qualifier else figure


def _follows(row: Row) -> Markup:
    least, most = _cell(row, "least"), _cell(row, "most")
    if np.isinf(row["most"]):
        return say("checks.at_least", figure=least)
    if row["least"] == row["most"] or row["rule"] == "parts":
        return least
    if row["rule"] == "wholes":
        return say("checks.at_most", figure=most)
    return say("checks.either", least=least, most=most)


def _to(row: Row) -> Markup:
    """The other end of what follows, where it is a range."""
    ranges = row["rule"] == "parts" and row["least"] != row["most"] and np.isfinite(row["most"])
    return _cell(row, "most") if ranges else Markup("")


def _ratings(row: Row) -> str:
    return "only if the mean was cut off" if row["serious"] == "rounding" else "none"


def _used(row: Row) -> Markup:
    reason = say("checks.reason", why=row["why"] or "each part as printed")
    return reason if pd.isna(row["used"]) else say("checks.used", figure=_cell(row, "used"), reason=reason)


def _cell(row: Row, statistic: str) -> Markup:
    return bind(row, statistic, text(row, statistic).removesuffix("%").replace("£", ""))


def _column(title: str, said: Callable[[Row], str]) -> Column:
    return Column(title, lambda row: name(said(row)), words=True)


def _headed(title: str, unit: str) -> str:
    return title if unit in ("number", "score") else f"{title} ({unit})"


def _counted(key: str) -> Callable[[Row], Markup]:
    return lambda row: _number(int(row[key]), key, row["rule"])


def _area(frame: pd.DataFrame) -> str:
    return ", ".join(isolated(area) for area in dict.fromkeys(frame["area_name"]))


def _of_rule(rule: str) -> dict[str, str]:
    """How a rule is told: what it checks, what fits, what does not, and the heads of its two figures."""
    return {"printed": "Printed", "follows": "Follows from the rest"} | words()["rules"][rule]


def _number(number: int, statistic: str, rule: str) -> Markup:
    """How many of something a rule found, or with `Total` all of them."""
    counted = Markup('<data value="{0}" data-statistic="{1}" data-category="{2}">{0:,}</data>')
    return counted.format(number, statistic, rule)
