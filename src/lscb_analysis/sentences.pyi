"""A release in sentences: each number bound to its figure, each direction to its verdict."""

from .pages.checks import (
    claims as claims,
    consistent as consistent,
    found as found,
    seriousness as seriousness,
)
from .pages.commentary import commentary as commentary
from .pages.conclusions import (
    comparisons as comparisons,
    mix as mix,
    movers as movers,
    verdict as verdict,
)
from .pages.governance import few_meetings as few_meetings, since as since, summaries as summaries
from .pages.sentences import (
    beside as beside,
    change as change,
    conclusive as conclusive,
    earlier as earlier,
    facts as facts,
    history as history,
    implied as implied,
    larger_of as larger_of,
    largest as largest,
    latest as latest,
    note as note,
    on_costs as on_costs,
    outcome as outcome,
    sources as sources,
    target as target,
)
