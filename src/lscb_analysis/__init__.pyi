"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from .accounts import (
    on_costs as on_costs,
    sums as sums,
    surplus as surplus,
    turned as turned,
)
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
from .comparisons import compare as compare
from .composition import (
    mix_changes as mix_changes,
    share as share,
)
from .conclusions import (
    describe_changed as describe_changed,
    describe_counts as describe_counts,
    describe_mix as describe_mix,
    describe_movers as describe_movers,
    describe_not_compared as describe_not_compared,
    describe_unclear as describe_unclear,
    describe_verdict as describe_verdict,
)
from .consistency import (
    agreed as agreed,
    common_totals as common_totals,
    conclusive_common_totals as conclusive_common_totals,
    fits as fits,
    given_away as given_away,
    implied_counts as implied_counts,
    implied_earlier as implied_earlier,
    implied_populations as implied_populations,
    implied_totals as implied_totals,
    remainder as remainder,
    standing as standing,
    suppressed_bounds as suppressed_bounds,
    versions as versions,
)
from .data import load as load
from .disclosure import (
    Release as Release,
    protect as protect,
)
from .editions import read_edition as read_edition
from .governance import (
    describe_attendance as describe_attendance,
    describe_few_meetings as describe_few_meetings,
    describe_possible as describe_possible,
    describe_since as describe_since,
    describe_summaries as describe_summaries,
)
from .meetings import (
    attendance as attendance,
    meetings_held as meetings_held,
)
from .narrative import (
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
from .quality import findings as findings
from .rates import (
    count as count,
    proportion as proportion,
    rate as rate,
    stated as stated,
)
from .ratings import (
    check_summaries as check_summaries,
    feasible as feasible,
    read_ratings as read_ratings,
    summarise as summarise,
)
from .reconciliation import (
    describe_balance as describe_balance,
    describe_checks as describe_checks,
    describe_claims as describe_claims,
    describe_scale as describe_scale,
    one_rule as one_rule,
    table_of_checks as table_of_checks,
    table_of_findings as table_of_findings,
)
from .tables import (
    table as table,
    table_by_area as table_by_area,
    table_by_measure as table_by_measure,
    table_by_period as table_by_period,
    table_of_changes as table_of_changes,
    table_of_marks as table_of_marks,
    table_of_verdicts as table_of_verdicts,
)
from .trends import (
    control_limits as control_limits,
    trend as trend,
)
from .verdicts import (
    declared as declared,
    estimates as estimates,
    histories as histories,
    verdict_table as verdict_table,
)
