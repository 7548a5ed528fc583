"""What can be computed from frames alone: estimates, comparisons, mixes, series, power, implied numbers."""

from .comparisons import (
    AGAINST_NUMBERS as AGAINST_NUMBERS,
    COMPARISON as COMPARISON,
    NO_DENOMINATOR as NO_DENOMINATOR,
    NO_FIGURE as NO_FIGURE,
    OTHER_AREA as OTHER_AREA,
    Period as Period,
    compare as compare,
    of_period as of_period,
)
from .estimates import (
    AS_PRINTED as AS_PRINTED,
    CONTRADICTED as CONTRADICTED,
    ESTIMATE as ESTIMATE,
    PERIOD as PERIOD,
    PLACE as PLACE,
    SUBJECT as SUBJECT,
    EstimateError as EstimateError,
    check_single as check_single,
    count as count,
    decimals as decimals,
    multiples as multiples,
    proportion as proportion,
    rate as rate,
    rounded as rounded,
    significant as significant,
    stated as stated,
)
from .implied import (
    LARGEST_TOTAL as LARGEST_TOTAL,
    ROUNDED_TO as ROUNDED_TO,
    ContradictionError as ContradictionError,
    agreed as agreed,
    common_totals as common_totals,
    conclusive_common_totals as conclusive_common_totals,
    conclusive_totals as conclusive_totals,
    could_be_printed as could_be_printed,
    fits as fits,
    given_away as given_away,
    implied_counts as implied_counts,
    implied_earlier as implied_earlier,
    implied_populations as implied_populations,
    implied_totals as implied_totals,
    possible_counts as possible_counts,
    possible_totals as possible_totals,
    remainder as remainder,
    standing as standing,
    suppressed_bounds as suppressed_bounds,
    versions as versions,
)
from .mixes import (
    SIMULTANEOUS as SIMULTANEOUS,
    Law as Law,
    driving as driving,
    mix_change as mix_change,
    mix_changes as mix_changes,
    mix_table as mix_table,
    not_tested as not_tested,
    share as share,
)
from .power import (
    POWER as POWER,
    smallest_differences as smallest_differences,
    smallest_ratios as smallest_ratios,
    smallest_shift as smallest_shift,
)
from .series import control_limits as control_limits
