"""What a reader meets: sentences, charts, tables, the spreadsheet, and the words around them."""

from .accessibility import LAW as LAW, STANDARD as STANDARD, tested as tested
from .commentary import COMMENTARY as COMMENTARY, comments as comments
from .conclusions import KINDS as KINDS
from .display import (
    SHEETS as SHEETS,
    day as day,
    isolated as isolated,
    on_page as on_page,
    templates as templates,
)
from .false_alarms import alarms as alarms, alarms_said as alarms_said
from .glossary import meanings as meanings, spell_out as spell_out
from .method_notes import methods as methods
from .one_page import in_css as in_css, part as part, stay as stay
from .plain_words import check_plain_words as check_plain_words, easy_read as easy_read, plans as plans
from .sentences import credit as credit
from .spreadsheet import Table as Table, read_tables as read_tables, write_spreadsheet as write_spreadsheet
from .tables import as_data as as_data
from .tree import parse as parse, write as write
from .words import LEVEL as LEVEL
