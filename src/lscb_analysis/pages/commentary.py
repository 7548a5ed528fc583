"""What groups of the board say of the figures, in their own words and shown as theirs."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import records, texts
from lscb_analysis.editions import Edition
from lscb_analysis.pages.display import Display, day, isolated

COMMENTARY = "commentary"
"""The file of words, the kind of the display, and the class by which a page knows it."""


def commentary(edition: Edition, chapter: str, question: str = "") -> Display:
    """Show what the board's `commentary.csv` has on a question of a chapter, or without one on the chapter.

    Each is a block of its own that says by whom it is, and when. Nothing if nobody has said anything: a
    section that would show nothing else leaves the page. A build shows what no cell of the chapter does.
    Raises DataError if the file does not hold.

    >>> lscb.sentences.commentary(pack.edition, "05_child_protection").text  # nobody has said anything yet
    ''
    """
    rows = comments(edition, chapter)
    blocks = [
        Markup('<blockquote class="{}"><p class="by">{}</p><p>{}</p></blockquote>').format(
            COMMENTARY, _by(row), isolated(str(row["text"]))
        )
        for row in records(rows[rows["question"] == question])
    ]
    return Display(Markup("").join(blocks), COMMENTARY)


def comments(edition: Edition, chapter: str) -> pd.DataFrame:
    """Return what is said of a chapter in `commentary.csv`, the oldest first."""
    edition.open()
    said = texts(COMMENTARY, edition=edition.name, chapter=chapter)
    return said.sort_values("when", kind="stable", ignore_index=True)


def _by(row: dict[str, str]) -> Markup:
    said = isolated(row["who"])
    return Markup("Commentary by {}, {}").format(said, day(pd.Timestamp(row["when"])))
