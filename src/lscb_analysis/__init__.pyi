"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from .charts import (
    bar_chart as bar_chart,
    change_chart as change_chart,
    line_chart as line_chart,
    part_chart as part_chart,
)
from .comparisons import compare as compare
from .composition import (
    mix_changes as mix_changes,
    share as share,
)
from .conclusions import (
    describe_mix as describe_mix,
    describe_movers as describe_movers,
    describe_verdict as describe_verdict,
)
from .consistency import (
    common_totals as common_totals,
    conclusive_common_totals as conclusive_common_totals,
    fits as fits,
    given_away as given_away,
    implied_populations as implied_populations,
    implied_totals as implied_totals,
    remainder as remainder,
    suppressed_bounds as suppressed_bounds,
)
from .data import load as load
from .disclosure import (
    Release as Release,
    protect as protect,
)
from .editions import read_edition as read_edition
from .narrative import (
    describe_change as describe_change,
    describe_facts as describe_facts,
    describe_fit as describe_fit,
    describe_given_away as describe_given_away,
    describe_implied as describe_implied,
    describe_largest as describe_largest,
    describe_latest as describe_latest,
    describe_missing_total as describe_missing_total,
    describe_note as describe_note,
    describe_sources as describe_sources,
)
from .quality import findings as findings
from .rates import (
    count as count,
    proportion as proportion,
    rate as rate,
    stated as stated,
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
    table_by_period as table_by_period,
    table_of_changes as table_of_changes,
)
from .trends import (
    control_limits as control_limits,
    trend as trend,
)
from .verdicts import (
    declared as declared,
    estimates as estimates,
    verdict_table as verdict_table,
)
