"""Verdicts to sentences a board member understands, with the statistics folded away behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import measures, records
from lscb_analysis.editions import CALLED, CHANGED, NO_CLEAR_CHANGE, NOT_COMPARED, TOO_FEW
from lscb_analysis.errors import MisuseError
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import OF_ALL, Display, bind, if_any
from lscb_analysis.pages.sentences import finding, in_list, say_change
from lscb_analysis.pages.words import (
    claimed,
    direction,
    each,
    fraction,
    from_nothing,
    listed,
    openings,
    say,
    word,
    words,
)
from lscb_analysis.release import Release
from lscb_analysis.statistics import POWER, driving

KINDS: dict[str, list[str]] = words()["kinds"]
"""What is said of the comparisons that came to one kind of verdict, and its verdicts."""


@if_any()
def verdict(release: Release) -> Display:
    """Say whether each change is more than chance would bring about, its statistics folded away.

    >>> lscb.sentences.verdict(pack.verdicts("plans"))
    Verdict: lower. Chance alone is very unlikely to bring about a fall of this size, ...
    """
    rows = records(release.frame)
    key = "verdict.of_series" if len(rows) > 1 else "verdict.alone"
    return _with_statistics([say(key, row, verdict=_verdict(row)) for row in rows], rows)


@if_any()
def mix(release: Release) -> Display:
    """Say how much of a mix changed, and whether that is beyond chance, its statistics folded away.

    >>> lscb.sentences.mix(pack.verdicts("referrals"))
    The mixes of ... differ by 14.7 percentage points. Verdict: changed. ...
    """
    rows = records(release.frame)
    return _with_statistics([_mix(row) for row in rows], rows)


def comparisons(verdicts: Release, came_to: str | None = None) -> Display:
    """List the comparisons that came to one kind of verdict, or say how many came to which kind.

    `changed` are those beyond chance; `unclear` those that chance alone could explain, or that rest on too
    few to tell; `not compared` those that come with a reason. Each has a line, with its chapter.

    >>> lscb.sentences.comparisons(pack.verdicts("plans"))
    This pack makes 1 comparison: 1 showed a change beyond chance.
    >>> lscb.sentences.comparisons(pack.verdicts("plans"), "not compared")
    Everything could be compared.
    """
    if came_to is None:
        return _counts(verdicts.frame["verdict"])
    if came_to not in (kinds := words()["claims_of_all"]):
        raise MisuseError(f"Comparisons came to {', '.join(kinds)}, and not to {came_to!r}.")
    rows = records(verdicts.frame[verdicts.frame["verdict"].isin(kinds[came_to]["none"])])
    if not rows:
        return finding([claimed({"question": OF_ALL}, came_to) + "."])
    return Display(in_list("findings", [_line(row) for row in rows]), "finding")


def _counts(verdicts: pd.Series) -> Display:
    """Say how many comparisons there are, and how many came to which kind of verdict."""
    if verdicts.empty:
        return finding([say("pack.none")])
    counted = {kind: int(verdicts.isin(of).sum()) for kind, of in KINDS.items()}
    said = [say("pack.kind", number=number, kind=kind) for kind, number in counted.items() if number]
    of = word("comparisons", len(verdicts))
    return finding([say("pack.made", number=len(verdicts), comparisons=of, each=listed(said))])


def _line(row: Row) -> Markup:
    """A comparison in a line: its measure with a link to the chapter, its verdict, its change."""
    if row["verdict"] == NOT_COMPARED:
        key = "not_compared"
    elif _is_mix(row):
        key = "mix" if row["shift"] else "mix_same"
    else:
        key = "moved" if row["verdict"] in CALLED and direction(row) else "was"
    per = say("line.per", row) if row["unit"].startswith("per") else ""
    return say(f"line.{key}", row, link=say("line.link", row), in_unit=per)


def _mix(row: Row) -> Markup:
    key = "not_compared" if row["verdict"] == NOT_COMPARED else "differ" if row["shift"] else "same"
    return say(f"mix.{key}", row, verdict=_verdict(row))


@if_any()
def movers(mix: Release, changes: Release) -> Display:
    """Say how the categories changed that lie furthest apart, and which drive a change of the mix.

    That one rose or fell is said only where the mix has changed. Where no category changed its share, it says
    that.

    >>> lscb.sentences.movers(pack.verdicts("referrals"), pack.mix_changes("referrals"))
    In ..., ... rose from 12.3% ... What drives the change of the mix: ...
    """
    row = records(mix.frame)[0]
    told = changes.frame.dropna(subset=["change"]).sort_values("change", kind="stable")
    if len(told) and not told["change"].any():
        return finding([say("mix.none_moved")])
    ends = records(pd.concat([told.tail(1), told.head(1)]).drop_duplicates("category"))
    said = [
        say_change({**to, "verdict": row["verdict"]}, of) for to, of in zip(ends, openings(ends), strict=True)
    ]
    return finding([*said, _drivers(row, changes.frame)])


def _drivers(row: Row, changes: pd.DataFrame) -> Markup:
    if row["verdict"] != CHANGED:
        return say("mix.no_verdict" if row["verdict"] == NOT_COMPARED else "mix.unchanged", row)
    drivers = records(driving(changes, row["dispersion"], row["confidence"]))
    return say("mix.driven", row, each=each("mix.driver", drivers)) if drivers else say("mix.spread", row)


def _with_statistics(said: list[Markup], rows: Sequence[Row]) -> Display:
    folded = Markup("").join(_statistics(row) for row in rows if row["verdict"] != NOT_COMPARED)
    return Display(finding(said).html + folded, "finding")


def _verdict(row: Row) -> Markup:
    if row["verdict"] == NOT_COMPARED:
        return say("verdict.not_compared", row)
    if row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW):
        said = [_within_chance(row), _could_be_seen(row)]
    else:
        said = [say("verdict.beyond", row, so_large=_so_large(row))]
        if row["polarity"] == "neither" and not _is_mix(row):
            said.append(say("verdict.neither"))
    if row["at_odds"]:
        mix, how = "mix_" if _is_mix(row) else "", "excludes" if row["interval_excludes_none"] else "includes"
        said.append(say(f"at_odds.{mix}{how}", independent=word("independent", row["dispersion"] > 1)))
    return say("verdict.said", row, said=Markup(" ").join(said))


def _within_chance(row: Row) -> Markup:
    if not row["shift" if _is_mix(row) else "change"]:
        return say("verdict.same")
    key = "within" if row["p_value"] > row["threshold"] else "with_siblings"
    return say(f"verdict.{key}", row, so_large=_so_large(row))


def _could_be_seen(row: Row) -> Markup:
    """What a reader may conclude from a change that chance could bring about."""
    if _from_nothing(row):
        return say("sight.of_nothing")
    matters = say("sight.shift" if _is_mix(row) else "sight.change", row)
    if row["verdict"] == NO_CLEAR_CHANGE:
        return say("sight.shown", row, matters=matters)
    return say("sight.hidden", row, matters=matters, visible=_visible(row))


def _visible(row: Row) -> Markup:
    """Which rises and falls, or which shift of a mix, would have shown, and which would not."""
    if _is_mix(row):
        return say("sight.no_shift" if np.isinf(row["smallest_shift"]) else "sight.some_shifts", row)
    ways = {way: np.isfinite(row[f"smallest_{way}"]) for way in ("fall", "rise")}
    seen = [say(f"sight.{way}", row) for way, could in ways.items() if could]
    unseen = [say(f"sight.no_{way}", row) for way, could in ways.items() if not could]
    if not seen:
        return say("sight.neither", each=Markup(" and ").join(unseen))
    last = say("sight.unit_of_rise" if ways["rise"] else "sight.unit_of_fall", row)
    return Markup(", and ").join([say("sight.only", each=Markup(" or ").join(seen), unit=last), *unseen])


def _so_large(row: Row) -> Markup:
    return say("verdict.shift" if _is_mix(row) else "verdict.change", row)


def _is_mix(row: Row) -> bool:
    return bool(pd.notna(row["shift"]))


def _from_nothing(row: Row) -> bool:
    return not _is_mix(row) and from_nothing(row)


def _statistics(row: Row) -> Markup:
    """All that a statistician asks of a verdict, folded away."""
    nothing, mix = _from_nothing(row), _is_mix(row)
    source = str(measures().at[row["measure"], "dispersion_source"]).rstrip(".")
    degrees = say("statistics.degrees", row) if mix else ""
    entries = [
        say("statistics.numbers", before=_numbers(row, "_before"), now=_numbers(row, "")),
        say(f"statistics.{'moved' if mix else 'change_of_nothing' if nothing else 'change'}", row),
        say("statistics.alone", row, degrees=degrees),
        say("statistics.allowed", row),
        say("statistics.dispersion", row, source=source),
        say("statistics.tips" if 1 <= row["tips_at"] < np.inf else "statistics.never_tips", row),
        *([say("statistics.stock")] if row["stock"] else []),
    ]
    if not nothing:
        power = fraction("power", POWER)
        entries.append(say("statistics.seen", visible=_visible(row), power=power))
        entries.append(say("statistics.matters", row))
    return say("statistics.folded", row, entries=Markup("").join(entries))


def _numbers(row: Row, period: str) -> Markup:
    parts = [f"numerator{period}", f"denominator{period}"]
    return Markup(" of ").join(bind(row, part) for part in parts if pd.notna(row[part]))
