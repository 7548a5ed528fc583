"""What a reader meets: sentences, charts, tables, the spreadsheet, and the words around them."""

from .accessibility import LAW as LAW, STANDARD as STANDARD, tested as tested
from .charts import (
    bar_chart as bar_chart,
    change_chart as change_chart,
    line_chart as line_chart,
    mark_chart as mark_chart,
    pair_chart as pair_chart,
    part_chart as part_chart,
    score_chart as score_chart,
    two_point_chart as two_point_chart,
)
from .checks import (
    describe_balance as describe_balance,
    describe_checks as describe_checks,
    describe_claims as describe_claims,
    describe_scale as describe_scale,
    one_rule as one_rule,
    table_of_checks as table_of_checks,
    table_of_findings as table_of_findings,
)
from .commentary import (
    COMMENTARY as COMMENTARY,
    commentary as commentary,
    describe_commentary as describe_commentary,
)
from .conclusions import (
    KINDS as KINDS,
    describe_changed as describe_changed,
    describe_counts as describe_counts,
    describe_mix as describe_mix,
    describe_movers as describe_movers,
    describe_not_compared as describe_not_compared,
    describe_unclear as describe_unclear,
    describe_verdict as describe_verdict,
)
from .display import (
    SHEETS as SHEETS,
    day as day,
    isolated as isolated,
    on_page as on_page,
    templates as templates,
)
from .false_alarms import alarms as alarms, describe_alarms as describe_alarms
from .glossary import meanings as meanings, spell_out as spell_out
from .governance import (
    describe_attendance as describe_attendance,
    describe_few_meetings as describe_few_meetings,
    describe_possible as describe_possible,
    describe_since as describe_since,
    describe_summaries as describe_summaries,
)
from .method_notes import methods as methods
from .one_page import in_css as in_css, part as part, stay as stay
from .plain_words import check_plain_words as check_plain_words, easy_read as easy_read, plans as plans
from .sentences import (
    credit as credit,
    describe_beside as describe_beside,
    describe_bounds as describe_bounds,
    describe_change as describe_change,
    describe_conclusive as describe_conclusive,
    describe_each as describe_each,
    describe_earlier as describe_earlier,
    describe_facts as describe_facts,
    describe_fit as describe_fit,
    describe_implied as describe_implied,
    describe_larger as describe_larger,
    describe_largest as describe_largest,
    describe_latest as describe_latest,
    describe_missing_total as describe_missing_total,
    describe_note as describe_note,
    describe_on_costs as describe_on_costs,
    describe_outcome as describe_outcome,
    describe_sources as describe_sources,
    describe_standing as describe_standing,
    describe_sums as describe_sums,
    describe_target as describe_target,
    describe_versions as describe_versions,
)
from .spreadsheet import Table as Table, read_tables as read_tables, write_spreadsheet as write_spreadsheet
from .tables import (
    as_data as as_data,
    table as table,
    table_by_area as table_by_area,
    table_by_measure as table_by_measure,
    table_by_period as table_by_period,
    table_of_changes as table_of_changes,
    table_of_marks as table_of_marks,
    table_of_verdicts as table_of_verdicts,
)
from .tree import parse as parse, write as write
from .words import LEVEL as LEVEL
