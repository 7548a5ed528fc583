"""An edition: its area, periods, chapters and the comparisons it declares, read from TOML."""

import re
import tomllib
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Self

import pydantic

from lscb_analysis import errors, project
from lscb_analysis.data import CHAPTER, COLUMNS, UNSEEN, authority, beside, calendars, last_day, nearest

Rows = dict[str, str | int | list[str]]
"""Which rows: `table`, then any columns and the value each must have; `source` may be several, in order.

Of national statistics, which are no tables: `measure`.
"""


Year = Annotated[int, pydantic.Field(ge=1990, le=2100, strict=True)]


def _dated(given: Any) -> Any:
    """A period: a year, or one of another calendar, which begins with its year or its day."""
    if isinstance(given, int) and not isinstance(given, bool) and 1990 <= given <= 2100:
        return given
    if isinstance(given, str) and re.fullmatch(r"(?:19|20)\d\d(?:-\d\d-\d\d)? [A-Z][\w ]+", given):
        return given
    raise ValueError(f"{given!r} is no period: give a year, as 2018, or as '2018 Financial year Q1'")


DatedPeriod = Annotated[int | str, pydantic.PlainValidator(_dated)]


def _seen(words: str) -> str:
    if re.search(UNSEEN, words):
        raise ValueError("holds a character that cannot be seen")
    return words


Words = Annotated[str, pydantic.Field(min_length=1), pydantic.AfterValidator(_seen)]


ChapterName = Annotated[str, pydantic.Field(pattern=f"^{CHAPTER}$")]


class EditionError(errors.InputError, ValueError):
    """An edition that does not exist or cannot be read; the message says what to change."""


class Comparison(pydantic.BaseModel):
    """One question of the edition, asked of two periods.

    Without `totals` they follow from `printed`; without `printed` what counts and totals give is shown.

    `heading` are the totals that the source names above its percentages, where they are of others.
    `easy_read` has it told on the easy to read page, for which a mix is not simple enough.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    question: str
    chapter: str
    method: Literal["rate", "proportion", "mix"]
    counts: Rows
    totals: Rows | None = None
    printed: Rows | None = None
    heading: Rows | None = None
    easy_read: bool = False

    @pydantic.field_validator("counts", "totals", "printed", "heading")
    @classmethod
    def _names_a_table(cls, rows: Rows | None) -> Rows | None:
        if rows is not None and not {"table", "measure"} & rows.keys():
            raise ValueError("names no table")
        listed = {column: value for column, value in (rows or {}).items() if isinstance(value, list)}
        if listed and not (list(listed) == ["source"] and listed["source"]):
            several = ", ".join(listed)
            raise ValueError(f"gives a list for {several}: only source may be one, and not an empty one")
        unknown = sorted(rows.keys() - {"table", *COLUMNS} | rows.keys() & {"area_name"}) if rows else []
        if unknown:
            own = [column for column in COLUMNS if column != "area_name"]  # which is the edition's
            raise ValueError(f"{unknown[0]!r} cannot choose rows here. {nearest(unknown[0], own)}")
        return rows

    @pydantic.model_validator(mode="after")
    def _holds(self) -> Self:
        if self.totals is None and self.printed is None:
            raise ValueError(f"{self.question} has neither totals nor printed: give one of them")
        if self.easy_read and self.method == "mix":
            raise ValueError(f"{self.question} is a mix, which the easy to read page cannot tell")
        return self


class Help(pydantic.BaseModel):
    """Whom to call about a child, and when; without a number where the service's own pages give it.

    `plain` says both in short sentences, for the easy to read page.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    when: Words
    service: Words
    telephone: Annotated[str, pydantic.Field(pattern=r"^[0-9][0-9 ]+[0-9]$")] | None = None
    plain: Words | None = None


REPORTING = "reporting year"
"""The calendar of an edition that names none: years, or days in them, as the Department has them."""


def _kinds_of_period(calendar: str) -> list[str]:
    """The kinds of periods of a calendar, in order; none if there is no such calendar."""
    return list(dict.fromkeys(row["identifier"] for row in calendars() if row["calendar"] == calendar))


class Edition(pydantic.BaseModel):
    """What a pack is made of. `previous` and `latest` are compared; each goes by the year in which it ends.

    Without `previous` each comparison is of the last two years that its own measure has, up to `latest`.
    In which `calendar` they are `calendars.csv` says: of academic years a year will do; of quarters or
    months each is named, as `2018 Financial year Q1`.

    `data` is the folder of its board in `data/`, the only one where a project has no other: that and the
    dictionary are read, and nothing else. With national statistics instead it is a template for any
    authority: `{area}` in its words stands for the name, and its comparators are the country, the region and
    the statistical neighbours.

    `financial_year` is that of the board's accounts, if the report has any, by the year in which it ends.
    Who `analysed` and who `assured`, and whom to `ask`, are roles. From the day after `use_until` on, a
    pack that is built says on every page that it must not be used.
    `comparators` are other areas, by name or code, whose figures the pack may show beside its own. `report`
    is the document, as `sources.csv` calls it, that the pack tells of: only that may say what is later than
    `latest`.
    `sources` are those that count, in their order, where several give one figure and a chapter shows one.
    `lists` are names of measures or categories of the board, by what chapters call the list. `notes` are
    words that belong to this edition's report, shown by chapters that ask for them.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str
    title: Words
    board: Words
    data: str
    area: Words
    comparators: list[Words] = []
    report: Words | None = None
    period: Words
    calendar: Words = REPORTING
    previous: DatedPeriod | None = None
    latest: DatedPeriod
    financial_year: Year | None = None
    confidence: Annotated[float, pydantic.Field(ge=0.5, lt=1, strict=True)] = 0.95
    rule: str
    analysed: Words
    assured: Words
    ask: Words
    published: date
    next_pack: date
    use_until: date
    help: Annotated[list[Help], pydantic.Field(min_length=1)]
    chapters: Annotated[list[ChapterName], pydantic.Field(min_length=1)]
    comparisons: list[Comparison] = []
    sources: list[str] = []
    lists: dict[str, list[str]] = {}
    notes: dict[str, Words] = {}

    @pydantic.model_validator(mode="before")
    @classmethod
    def _in_its_calendar(cls, given: Any) -> Any:
        """Of a calendar with one kind of period, a year or a day is enough: the kind is added to it."""
        kinds = _kinds_of_period(given.get("calendar", REPORTING))
        if kinds == ["Reporting year"] or len(kinds) != 1:
            return given
        named = {of: given[of] for of in ("previous", "latest") if of in given}
        dated = {of: f"{when} {kinds[0]}" for of, when in named.items() if re.fullmatch(r"[\d-]+", str(when))}
        return given | dated

    @pydantic.model_validator(mode="after")
    def _has_periods_of_its_calendar(self) -> Self:
        kinds = _kinds_of_period(self.calendar)
        if not kinds:
            known = dict.fromkeys(row["calendar"] for row in calendars() if row["calendar"])
            raise ValueError(f"{self.calendar!r} is no calendar. {nearest(self.calendar, known)}")
        for period in filter(None, (self.previous, self.latest)):
            year, _, kind = str(period).partition(" ")
            if (kind or "Reporting year") not in kinds:
                said, example = f"is no period of the calendar {self.calendar!r}", f"{year} {kinds[0]}"
                raise ValueError(f"{period!r} {said}. Write {example!r}")
        return self

    @pydantic.model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        questions = [one.question for one in self.comparisons]
        days = {day: getattr(self, day) for day in ("next_pack", "use_until")}
        asked = {one.question: one.chapter for one in self.comparisons if one.chapter not in self.chapters}
        early = self.previous is None or last_day(self.previous) < last_day(self.latest)
        wrong = [
            *([] if early else [f"previous ({self.previous}) is not before latest ({self.latest})"]),
            *(
                f"{day} ({said}) is not after published ({self.published})"
                for day, said in days.items()
                if said <= self.published
            ),
            *(f"the chapter {name!r} is listed twice" for name in _twice(self.chapters)),
            *(f"the question {name!r} is asked twice" for name in _twice(questions)),
            *(f"{one} is for {of!r}, which is not among the chapters" for one, of in asked.items()),
        ]
        if self.next_pack > self.use_until:
            wrong.append(f"next_pack ({self.next_pack}) is after use_until ({self.use_until})")
        tables = [rows for one in self.comparisons for rows in (one.counts, one.totals, one.printed) if rows]
        if self.data != project.NATIONAL and any("table" not in rows for rows in tables):
            wrong.append("a comparison names no table")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def open(self) -> None:
        """Have the tables of the edition's board read, from now on; of national statistics its areas."""
        parts = [rows for one in self.comparisons for rows in (one.counts, one.totals, one.printed) if rows]
        compared = dict.fromkeys(str(rows["measure"]) for rows in parts if "measure" in rows)
        project.open_board(self.data, (self.area, *self.comparators), tuple(compared))


def _twice(names: list[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def read_edition(name: str, **changed: Any) -> Edition:
    """Return an edition, with any of its fields changed, and read the tables of its board from now on.

    Raises EditionError, with every problem, if there is none of that name or it does not hold; DataError if
    it is of any authority and `area` is none.
    """
    path = project.project() / "notebooks" / "editions" / f"{name}.toml"
    if name not in (known := [*project.editions(), *project.templates()]):
        raise EditionError(f"There is no edition {name!r}. {nearest(name, known)}")
    try:
        project.open_board(board := project.board_of(name))  # what its fields may be the dictionary says
        said = project.edition_file(name)
        if board == project.NATIONAL:
            changed |= _of_authority(name, said, changed)
        edition = Edition.model_validate(said | {"name": name, "data": board} | changed)
        edition.open()
        return edition
    except project.ProjectError as error:
        raise EditionError(f"{path.name}, data: {error}") from error
    except OSError as error:
        raise EditionError(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise EditionError(f"{path.name} is not UTF-8 text near line {line}. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise EditionError(f"{path.name} is not TOML: {error}.") from error
    except pydantic.ValidationError as error:
        lines = [
            _wrong_parameter(problem)
            if problem["loc"][:1] and problem["loc"][0] in changed
            else f"{path.name}{_place(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}."
            for problem in error.errors()
        ]
        raise EditionError("\n".join(lines)) from error


def _of_authority(name: str, said: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """What a template says once it is of an authority: its area, the others beside it, and its words."""
    if "area" not in changed:
        how = f"Say which, as in: lscb build {name} --area NAME"
        raise EditionError(f"{name} is an edition for any authority. {how}.")
    area = authority(str(changed["area"]))
    words = {key: words for key, words in said.items() if key in ("title", "board", "period", "help")}
    comparators = [other.codes[0] for other in beside(area)]
    return _filled(words, area.name) | {"area": area.name, "comparators": comparators}


def _filled(said: Any, area: str) -> Any:
    """What is said, with the name of the area wherever `{area}` stands."""
    if isinstance(said, str):
        return said.replace("{area}", area)
    if isinstance(said, list):
        return [_filled(each, area) for each in said]
    return {key: _filled(each, area) for key, each in said.items()} if isinstance(said, dict) else said


def _wrong_parameter(problem: Any) -> str:
    """What is wrong with a value that was given in the place of the edition's own."""
    name, given = problem["loc"][0], problem["input"]
    if problem["type"] == "extra_forbidden":
        return f"There is no parameter {name!r}. {nearest(name, Edition.model_fields)}"
    kind = ", a text" if isinstance(given, str) else ""
    return f"Parameter {name} is {given!r}{kind}. {_EXPECTED.get(name, 'Give it as the edition does')}."


_YEAR = "Give a year as a whole number without quotation marks, as 2018"
_EXPECTED = {
    **dict.fromkeys(("previous", "latest", "financial_year"), _YEAR),
    "confidence": "Give a fraction, more than 0 and less than 1, without quotation marks, as 0.95",
    "area": "Give the name of an authority as the data have it",
}
"""What a value is to be that is tried in the place of the edition's."""


def _period(text: str) -> int | str:
    """A year as a number, any other period as it is named. Raises ValueError for what is none."""
    return int(text) if text.isdigit() or not last_day(text) else text


TRIED: dict[str, Callable[[str], Any]] = {
    "area": str,
    **dict.fromkeys(("previous", "latest"), _period),
    "financial_year": int,
    "confidence": float,
}
"""The values of an edition in whose place others may be tried, and their types."""


def tried(instead: str) -> dict[str, Any]:
    """Return the values to try in the place of an edition's, written as in `confidence: 0.99; latest: 2017`.

    Raises EditionError if they are not written so, or one is no value of an edition.
    """
    values = {}
    for part in filter(None, map(str.strip, instead.split(";"))):
        name, sign, value = map(str.strip, part.partition(":"))
        if not sign:
            remedy = "Write a name and a value, as in confidence: 0.99."
            raise EditionError(f"{part!r} is no value to try. {remedy}")
        if name not in TRIED:
            raise EditionError(f"An edition has no {name!r} to try another of. {nearest(name, TRIED)}")
        try:
            values[name] = TRIED[name](value)
        except ValueError as error:
            raise EditionError(f"Parameter {name} is {value!r}. {_EXPECTED[name]}.") from error
    return values


def _place(loc: tuple[int | str, ...]) -> str:
    return "".join(f" number {part + 1}" if isinstance(part, int) else f", {part}" for part in loc)
