"""The renamed project: other names for what data, editions and notebooks call things, and nothing else.

Whatever the library knows by name it loses there. `python tests/renamed.py FOLDER` renames a copied project.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NAMES = {
    "Southend Local Safeguarding Children Board": "Northport Safeguarding Children Board",
    "Southend-on-Sea": "Northport-on-Sea",
    "E06000033": "E06000999",
}
"""The board, and its area by name and code."""

MEASURES = {
    "cin_at_31_march": "needs_on_the_day",
    "cin_rate": "needs_per_child",
    "cin_ended": "needs_over",
    "primary_need": "main_reason",
    "cin_by_primary_need": "needs_by_main_reason",
    "cpp_at_31_march": "plans_on_the_day",
    "cpp_rate": "plans_per_child",
    "cpp_starting": "plans_begun",
    "category_of_abuse": "kind_of_harm",
    "cpp_starting_by_abuse": "plans_begun_by_harm",
    "icpc_in_time_percent": "meetings_in_time",
    "eet_17_18": "younger_with_work",
    "eet_19_21": "older_with_work",
}
CATEGORIES = {
    "Abuse or neglect": "Abused or neglected",
    "Family dysfunction": "Family difficulties",
    "Low income": "Low means",
    "Physical abuse": "Physical harm",
    "Sexual abuse": "Sexual harm",
}
TABLES = {
    "dfe_primary_need": "numbers_by_reason",
    "dfe_care_leavers": "numbers_of_leavers",
    "dfe_plans_starting": "numbers_of_plans",
    "primary_need": "main_reason",
}
CHAPTERS = {"03_primary_need": "03_main_reasons", "08_care_leavers": "08_after_care"}
EDITIONS = {"southend-2017-19": "northport-2017-19"}

KNOWN_TO_THE_LIBRARY = [
    *("population_0_17", "icpc", "icpc_in_time", "icpc_late", "cin_at_any_point", "cin_started"),
    *("cin_carried_over", "cla_at_31_march", "cla_by_home", "cla_home_not_named", "board_attended"),
    *("board_apologies", "board_neither", "attendance_of_all", "attendance_of_answers"),
    *("board_meetings_held", "population", "population_share_0_17", "self_assessment_agencies"),
    *("board_expenditure", "board_income", "board_received", "board_surplus", "board_on_cost_rate"),
    "board_on_costs",
]
"""Measures that `src/` still names, so that no project can call them otherwise yet: make it shorter."""

ALL = NAMES | MEASURES | CATEGORIES | TABLES | CHAPTERS | EDITIONS


def renamed(words: str) -> str:
    """Return a text with all names exchanged, wherever they stand as whole words."""
    return _ANY.sub(lambda found: ALL[found[0]], words)


_ANY = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(ALL, key=len, reverse=True)))})(?!\w)")


def rename(project: Path) -> None:
    """Rename throughout the data, the editions and the notebooks of a project, and their files."""
    for path in sorted(path for folder in ("data", "notebooks") for path in (project / folder).rglob("*.*")):
        path.write_text(renamed(path.read_text("utf-8")), "utf-8")
        path.rename(path.with_stem(renamed(path.stem)))


if __name__ == "__main__":
    rename(Path(sys.argv[1]))
