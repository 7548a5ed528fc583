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
    "Southend": "Northport",
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
    "population_0_17": "people_under_18",
    "population_share_0_17": "share_under_18",
    "icpc": "meetings_first",
    "icpc_in_time": "meetings_first_in_time",
    "icpc_late": "meetings_first_late",
    "cin_at_any_point": "needs_ever",
    "cin_started": "needs_new",
    "cin_carried_over": "needs_from_before",
    "cla_at_31_march": "in_care_on_the_day",
    "cla_by_home": "in_care_by_home",
    "cla_home_not_named": "in_care_elsewhere",
    "board_attended": "seat_filled",
    "board_apologies": "seat_excused",
    "board_neither": "seat_empty",
    "attendance_of_all": "filled_of_all",
    "attendance_of_answers": "filled_of_answers",
    "board_meetings_held": "sittings_of_the_board",
    "self_assessment_agencies": "raters_of_statements",
    "board_expenditure": "money_out",
    "board_income": "money_in",
    "board_received": "money_in_turned",
    "board_surplus": "money_left",
    "board_on_cost_rate": "extra_cost_rate",
    "board_on_costs": "extra_costs",
    "false_alarm_rate": "needless_alarm_rate",
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
SOURCES = {
    "dfe-cin-2020-b3": "department-needs-by-reason",
    "dfe-cin-2020-population": "department-people",
    "report-5.2-primary-need": "annual-report-reasons",
    "report-5.2-plans": "annual-report-plans",
    "report-5.3-care-leavers-19-21": "annual-report-older-leavers",
}
SCHEMES = {"board_seat": "chair_at_the_table", "referral_source": "who_referred"}
LISTS = {"core_partners": "main_members", "plans_explained": "reasons_for_plans"}
"""What an edition calls its lists and notes."""
CHAPTERS = {"03_primary_need": "03_main_reasons", "08_care_leavers": "08_after_care"}
EDITIONS = {"southend-2017-19": "northport-2017-19"}
BOARDS = {"southend": "northport"}
"""The folders of boards in `data/`."""

KEYS = MEASURES | CATEGORIES | TABLES | SOURCES | LISTS | CHAPTERS
BESIDE = NAMES | EDITIONS | BOARDS
"""What a second board is called otherwise that shares the dictionary and the notebooks of the first."""
ALL = BESIDE | KEYS | SCHEMES


def renamed(words: str) -> str:
    """Return a text with all names exchanged, wherever they stand as whole words."""
    return _ANY.sub(lambda found: ALL[found[0]], words)


_ANY = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(ALL, key=len, reverse=True)))})(?!\w)")


def rename(project: Path) -> None:
    """Rename throughout the data, the editions and the notebooks of a project, and their files."""
    every = (path for folder in ("data", "notebooks") for path in (project / folder).rglob("*.*"))
    for path in sorted(path for path in every if "national" not in path.parts):  # which no board names
        path.write_text(renamed(path.read_text("utf-8")), "utf-8")
        path.rename(path.with_stem(renamed(path.stem)))
    for board, other in BOARDS.items():
        (project / "data" / board).rename(project / "data" / other)


if __name__ == "__main__":
    rename(Path(sys.argv[1]))
