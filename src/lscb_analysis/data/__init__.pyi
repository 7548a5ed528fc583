"""The tables and files of words in `data/`: read, checked, and recorded as they are read."""

from .files import (
    Derived as Derived,
    Stamped as Stamped,
    calendars as calendars,
    check as check,
    check_area as check_area,
    counting as counting,
    derived as derived,
    dictionary as dictionary,
    every_row as every_row,
    figures as figures,
    known_sources as known_sources,
    labels as labels,
    last_day as last_day,
    levels as levels,
    load as load,
    measures as measures,
    per as per,
    published_files as published_files,
    read as read,
    rounded_to as rounded_to,
    source_names as source_names,
    stamp as stamp,
    tables as tables,
    taken as taken,
    text_files as text_files,
    texts as texts,
    totals as totals,
    units as units,
    with_role as with_role,
)
from .national.areas import (
    authority as authority,
    beside as beside,
    find_area as find_area,
)
from .national.importer import import_releases as import_releases
from .national.reading import stored as stored
from .national.series import revisions as revisions
from .recorder import READS as READS, record as record, recorded as recorded, unrecorded as unrecorded
from .schema import (
    BOARD as BOARD,
    CHAPTER as CHAPTER,
    COLUMNS as COLUMNS,
    COUNTRY as COUNTRY,
    DATES as DATES,
    DICTIONARY as DICTIONARY,
    EVERY_CHAPTER as EVERY_CHAPTER,
    KINDS as KINDS,
    PUBLISHED as PUBLISHED,
    RATING_COLUMNS as RATING_COLUMNS,
    SIMULATION as SIMULATION,
    SYMBOLS as SYMBOLS,
    UNSEEN as UNSEEN,
    DataError as DataError,
    Problem as Problem,
    located as located,
    nearest as nearest,
    records as records,
    validate_ratings as validate_ratings,
)
