"""An edition, what it compares, and its verdicts."""

from .edition import (
    TRIED as TRIED,
    Comparison as Comparison,
    Edition as Edition,
    EditionError as EditionError,
    read_edition as read_edition,
    tried as tried,
)
from .opened import Pack as Pack, open_edition as open_edition
from .verdicts import (
    CALLED as CALLED,
    CHANGED as CHANGED,
    NO_CLEAR_CHANGE as NO_CLEAR_CHANGE,
    NOT_COMPARED as NOT_COMPARED,
    TOO_FEW as TOO_FEW,
    declared as declared,
    estimates as estimates,
    make_ahead as make_ahead,
    periods as periods,
    remember as remember,
    shown_measure as shown_measure,
    verdict_table as verdict_table,
)
