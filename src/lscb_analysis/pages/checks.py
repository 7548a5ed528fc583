"""What the rules of `quality` found, as sentences and tables: what does not fit, and what does."""

from __future__ import annotations

from markupsafe import Markup

from lscb_analysis.data import measures
from lscb_analysis.editions import Pack
from lscb_analysis.pages.display import Display, name
from lscb_analysis.pages.sentences import finding, list_of_facts
from lscb_analysis.pages.words import beginning, listed, say, words
from lscb_analysis.quality import SERIOUS, WITHHELD
from lscb_analysis.release import Release


def checks(found: Release) -> Display:
    """Say how many things a rule checked, or all of them, how many fit and how many do not."""
    fits, of = found.frame["balance"].astype(bool), found.frame["rule"].unique()
    rule = str(of[0]) if len(of) == 1 else "Total"
    if fits.empty:
        return finding([say("checks.none")])
    numbers = {"checks": len(fits), "balances": int(fits.sum()), "findings": int((~fits).sum())}
    said = {key: number_of(number, key, rule) for key, number in numbers.items()}
    told = of_rule(rule)
    if fits.nunique() > 1:
        return finding([say("checks.some", **said, **told)])
    if len(fits) > 1:
        return finding([say("checks.all" if fits.all() else "checks.none_of", **said, **told)])
    return finding([say("checks.only", **said, **told, said=told["fits" if fits.all() else "fails"])])


def consistent(found: Release) -> Display:
    """Say of which measures everything that the rule checked fits; of what is withheld, of none.

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
    number = number_of(listing.count("<li>"), "claims", "Total")
    return Display(say("checks.claims", number=number) + listing, "finding")


def of_rule(rule: str) -> dict[str, str]:
    """How a rule is told: what it checks, what fits, what does not, and the heads of its two figures."""
    return {"printed": "Printed", "follows": "Follows from the rest"} | words()["rules"][rule]


def number_of(number: int, statistic: str, rule: str) -> Markup:
    """How many of something a rule found, or with `Total` all of them."""
    counted = Markup('<data value="{0}" data-statistic="{1}" data-category="{2}">{0:,}</data>')
    return counted.format(number, statistic, rule)
