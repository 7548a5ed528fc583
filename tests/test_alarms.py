"""False alarms and power of the edition as declared: the simulation, its table, and the page of methods."""

import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, DATA
from scipy import stats

from lscb_analysis import load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import FALSE_DISCOVERY_RATE, verdict_table
from lscb_analysis.pages.false_alarms import alarms, alarms_said
from lscb_analysis.quality.figures import published
from lscb_analysis.release import protect

EDITION = read_edition("southend-2017-19")
SIMULATED = "simulated_alarms"
ALARMS, FALSE, FOUND = "false_alarm_rate", "false_discovery_rate", "visible_change_rate"
COUNTS = {ALARMS: "false_alarms", FALSE: "false_discoveries", FOUND: "visible_changes_found"}
DRAWN, SEED = "simulated_editions", "simulation_seed"
MOST_ALARMS = 5.6
"""Two standard errors of 5,000 editions above 5%."""
FEWEST_FOUND = 75


@pytest.fixture(scope="module")
def simulation():
    """The program, which stands outside of the library."""
    spec = importlib.util.spec_from_file_location("simulation", CHECKOUT / "benchmarks" / "alarms.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulation"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def asked(simulation):
    return simulation.asked(EDITION)


@pytest.fixture(scope="module")
def first(simulation, asked):
    return simulation.simulate(asked, 0)


def table(measure):
    return load(SIMULATED, measure=measure).set_index("category")["value"]


@pytest.mark.whole
def test_the_table_is_what_the_program_writes_and_is_not_out_of_date(simulation, first):
    """The first editions of 5,000 are those of any number: the same calls, so the same tests and figures."""
    path = CHECKOUT / DATA / f"{SIMULATED}.csv"
    tracked = pd.read_csv(path, dtype=str, keep_default_na=False)
    few = simulation.rows(EDITION, [first])
    own = tracked["measure"].isin([SEED, simulation.CALLS])
    remedy = "The simulation is out of date: run make benchmark-alarms."
    pd.testing.assert_frame_equal(tracked[own], few[own], obj=remedy)
    same = few.columns.drop(["value", "printed"])
    pd.testing.assert_frame_equal(tracked[same], few[same], obj=remedy)
    assert table(DRAWN).item() == simulation.EDITIONS == 5_000


@pytest.mark.parametrize("rate", COUNTS)
def test_every_rate_is_its_number_of_editions(rate):
    rates, counts = table(rate), table(COUNTS[rate])
    assert rates.tolist() == pytest.approx((100 * counts / table(DRAWN).item())[rates.index].tolist())


def test_where_nothing_changed_alarms_are_as_rare_as_the_pack_says():
    assert len(table(ALARMS)) == 2
    assert (table(ALARMS) <= MOST_ALARMS).all()


def test_of_the_changes_called_no_more_are_false_than_the_pack_says():
    assert table(FALSE).item() <= 100 * FALSE_DISCOVERY_RATE


def test_changes_of_the_smallest_visible_size_are_found_as_often_as_the_pack_says():
    assert set(table(FOUND).index) == {"Falls", "Rises", "Changes of a mix"}
    assert (table(FOUND) >= FEWEST_FOUND).all()


@pytest.mark.whole
def test_the_first_editions_fit_what_the_table_says_of_all(first):
    for seen, stored in ((first.siblings, table(ALARMS)["Children in sibling groups"]),
                         (first.alone, table(ALARMS)["Children one by one"])):  # fmt: skip
        assert stats.binomtest(int(seen.sum()), len(seen), stored / 100).pvalue > 0.001
    assert (first.found.mean(axis=0) > 0.65).all()


def test_the_published_counts_get_the_p_values_of_the_verdicts(simulation, asked):
    verdicts = verdict_table(EDITION).set_index("question")["p_dispersed"].dropna()
    assert [one.question for one in asked] == verdicts.index.tolist()
    for one in asked:
        counts = one.counts[None, :, :]
        # what lies far from every threshold is simulated with fewer tables
        within = 0.05 if one.method == "mix" else 1e-12
        (p,) = simulation.p_values(one, counts, len(asked))
        assert p == pytest.approx(verdicts[one.question], rel=within)


def test_if_siblings_were_not_allowed_for_false_alarms_would_be_many(simulation, asked):
    """The simulation can fail: tests that take the children as independent raise alarms far too often."""
    rng, size = np.random.default_rng(1), 100
    drawn = [simulation.drawn(one, one.unchanged, one.dispersion, size, rng) for one in asked]
    blind = [replace(one, dispersion=1.0) for one in asked]
    p = [simulation.p_values(one, counts, len(asked)) for one, counts in zip(blind, drawn, strict=True)]
    assert simulation.called(np.column_stack(p)).any(axis=1).mean() > 0.3


def test_without_siblings_the_tests_keep_their_level_and_use_it(simulation, asked):
    """Rates and proportions one by one, not allowed for siblings: 5% of editions, no more and hardly less."""
    rng, size = np.random.default_rng(2), 4_000
    blind = [replace(one, dispersion=1.0) for one in asked if one.method != "mix"]
    p = [simulation.p_values(one, simulation.drawn(one, one.unchanged, 1.0, size, rng), 4) for one in blind]
    share = simulation.called(np.column_stack(p)).any(axis=1).mean()
    assert share == pytest.approx(FALSE_DISCOVERY_RATE, abs=3 * np.sqrt(0.05 * 0.95 / size))


@pytest.mark.parametrize("dispersion", [1.0, 1.5, 2.4, 3.0])
def test_counts_of_siblings_vary_as_often_as_the_dispersion_says(simulation, asked, dispersion):
    rng, size = np.random.default_rng(3), 20_000
    plans = next(one for one in asked if one.question == "plans")
    counts = simulation.drawn(plans, plans.unchanged, dispersion, size, rng)[:, 0, 0]
    expected = plans.unchanged[0, 0] * plans.of[0]
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(dispersion * expected / size))
    assert counts.var() / expected == pytest.approx(dispersion, rel=0.05)


def test_siblings_fill_a_total_and_their_shares_vary_by_the_dispersion(simulation, asked):
    rng, size = np.random.default_rng(4), 4_000
    mix = next(one for one in asked if one.question == "referrals")
    counts = simulation.drawn(mix, mix.unchanged, 2.4, size, rng)
    assert (counts.sum(axis=2) == mix.of).all()
    p, total = mix.unchanged[1], mix.of[1]
    assert counts[:, 1].mean(axis=0) == pytest.approx(p * total, rel=0.05)
    large = p > 0.05
    varied = counts[:, 1].var(axis=0) / (total * p * (1 - p))
    assert varied[large] == pytest.approx(2.4, rel=0.1)


def test_a_dispersion_that_the_groups_cannot_give_is_refused(simulation):
    with pytest.raises(ValueError, match=r"dispersion of 9\. Add larger ones"):
        simulation.sibling_groups(9.0)


def test_the_change_simulated_is_the_smallest_visible_of_the_verdicts(asked):
    verdicts = verdict_table(EDITION).set_index("question")
    for one in asked:
        row = verdicts.loc[one.question]
        for way, truth in one.changes.items():
            moved = np.abs(truth[1] - truth[0]).sum() / (1 if one.method == "rate" else 2)
            scale = truth[0, 0] if one.method == "rate" else 1
            assert 100 * moved / scale == pytest.approx(row[f"smallest_{way}"])
            assert (truth >= 0).all()


def test_what_was_simulated_is_held_against_nothing_that_was_published():
    assert SIMULATED not in set(published(EDITION)["table"])


def test_the_page_of_methods_says_it_bound_to_its_rows(pages):
    said = pages["methods"].find(id="how-often-verdicts-err").find_next("p")
    shown = {(figure["data-measure"], figure["data-category"]): float(figure["value"])
             for figure in said.find_all("data") if figure["data-statistic"] == "value"}  # fmt: skip
    rows = load(SIMULATED)
    rows = rows[rows["measure"].isin([*COUNTS, SEED])]
    assert shown == pytest.approx(
        {(row.measure, row.category): row.value for row in rows.itertuples()}, abs=0.005
    )
    assert len(said.select("[data-statistic=lower]")) == len(rows) - 1


def test_an_edition_that_was_not_simulated_has_no_such_figures():
    assert alarms(EDITION.model_copy(update={"latest": 2016, "previous": 2015})).empty


def test_a_project_without_the_simulation_has_none(project):
    (project / DATA / f"{SIMULATED}.csv").unlink()
    assert alarms(EDITION).empty


def test_the_sentence_gives_each_rate_its_interval():
    said = alarms_said(protect(alarms(EDITION), rule="published")).text
    assert said.count("95% interval") == len(table(ALARMS)) + 1 + len(table(FOUND))
