"""What findings say of a study: shares that add up, networks that did not get there, and trials in a row."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.analyses.settings import LOCKED_FROM
from attrax.reports.words.findings_in_sentences import LARGEST_DROP, findings
from attrax.reports.words.shares import PLANE_SHARES, in_percent, parted, percents, share_meanings
from attrax.studies import Store

COLUMNS = ("frac_quasi", "frac_locked", "frac_fixed", "short", "frac_chaotic", "frac_divergent", "frac_undecided")


def row(shares=(0, 0, 1, 0, 0, 0, 0), **more):
    """A network's row of a summary; shares in the order of COLUMNS."""
    values = dict(zip(COLUMNS, shares, strict=True))
    values["frac_cycle"] = values["frac_locked"] + values.pop("short")
    return {
        "task": "t", "learner": "ppo", "delta": 0.1, "seed": 0, "reached": True, "status": "reached", "updates": 10,
        "trials": 100, "accuracy": 0.95, "accuracy_in_a_row": 0.94, "early_answers": 0.0, "relaxation_time": 2.0,
        "trial_distance": 0.1, **values, **more,
    }  # fmt: skip


class PretendedStore(Store):
    """A store of networks that were not computed."""

    def __init__(self, rows, criterion, levels):
        self._rows = pd.DataFrame(rows)
        stopping = SimpleNamespace(accuracy=criterion)
        self.study = SimpleNamespace(learner_title=str.upper, levels=list(levels), stopping=stopping)

    def summary(self):
        return self._rows


def told(rows, criterion=0.9, levels=()):
    return findings(PretendedStore(rows, criterion, levels))


counts = st.lists(st.integers(0, 300), min_size=7, max_size=7).filter(any)


@given(st.lists(counts, min_size=1, max_size=5))
def test_the_percentages_of_a_sentence_add_up_to_100(networks):
    shares = [np.array(each) / sum(each) for each in networks]
    sentence = told([row(each.tolist(), seed=seed) for seed, each in enumerate(shares)])[1]
    numbers = [int(text) for text in re.findall(r"(\d+) %", sentence)]
    assert len(numbers) == len(PLANE_SHARES)
    assert sum(numbers) == 100
    for number, mean in zip(numbers, np.mean(shares, axis=0), strict=True):
        assert abs(number - 100 * mean) < 1


def test_what_was_left_out_is_told():
    # 27 + 2 + 67 + 0 + 0 + 1 = 97: the rest are short cycles
    sentence = told([row((0.27, 0.02, 0.67, 0.03, 0, 0, 0.01))])[1]
    assert sentence == (
        "Stimulus stage at δ = 0.1: under PPO 27 % of the plane is quasi-periodic and 2 % locked oscillation, beside "
        "67 % fixed points, 3 % short cycles, 0 % chaotic, 0 % divergent and 1 % undecided."
    )


@given(counts, st.integers(0, 4))
def test_shares_are_rounded_to_what_adds_up(parts, digits):
    shares = np.array(parts) / sum(parts)
    found = in_percent(shares.tolist(), digits)
    assert sum(found.counts) == 100 * 10**found.digits
    assert found.digits <= digits
    assert all(
        abs(n / 10**found.digits - 100 * s) < 1 / 10**found.digits for n, s in zip(found.counts, shares, strict=True)
    )
    if found.digits < digits:
        assert all(n > 0 for n, s in zip(found.counts, shares, strict=True) if s > 0)


def test_thirds_and_small_shares():
    assert percents([1 / 3, 1 / 3, 1 / 3]) == ["34 %", "33 %", "33 %"]
    assert percents([0.29, 0.71]) == ["29 %", "71 %"]  # 100 * 0.29 is below 29
    assert percents([0.996, 0.004], 3) == ["99.6 %", "0.4 %"]
    assert percents([0.996, 0.004]) == ["100 %", "0 %"]
    assert percents([0.5, np.nan]) == ["no value", "no value"]
    assert percents([0.25, 0.25]) == ["25 %", "25 %"]  # some of a whole


def test_every_part_of_a_plane_has_its_meaning():
    assert sum(parted(row((0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1))).values()) == pytest.approx(1)
    meanings = share_meanings()
    assert list(meanings) == [share.words for share in PLANE_SHARES.values()]
    assert f"more than {LOCKED_FROM} steps" in meanings["locked oscillation"]
    assert f"every 2 to {LOCKED_FROM} steps" in meanings["short cycles"]


def lost(**more):
    return row(reached=False, status="budget spent", accuracy=0.7, accuracy_in_a_row=0.7, **more)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row()], ""),
        ([row(), row(seed=1)], " (mean of 2 networks)"),
        ([lost()], " (mean of 1 network, which did not meet the criterion)"),
        ([row(), lost(seed=1)], " (mean of 2 networks, of which 1 did not meet the criterion)"),
        ([lost(), lost(seed=1)], " (mean of 2 networks, none of which met the criterion)"),
    ],
)
def test_networks_that_did_not_meet_the_criterion_are_counted(rows, words):
    _, planes, reach = told(rows)
    assert planes.endswith(f"0 % undecided{words}.")
    assert words.removeprefix(" (mean of ").removesuffix(")") in reach


def test_without_a_criterion_it_is_the_set_training():
    assert "of which 1 did not go through the set training" in told([row(), lost(seed=1)], None)[1]


def test_a_rule_that_was_stopped_by_its_budget_is_named():
    rows = [
        row(),
        *(lost(seed=seed) for seed in (1, 2)),
        row(seed=3, reached=False, status="diverged", accuracy=np.nan),
    ]
    assert told(rows)[0].startswith(
        "Training: PPO met the criterion in 1 of 4 networks (2 were stopped by the budget of updates or trials, "
        "1 diverged), after a median of 10 updates"
    )
    assert "budget" not in "".join(told([row()]))


def test_networks_that_answer_worse_in_a_row_are_named_with_both_numbers():
    fallen = row(seed=1, accuracy=0.955, accuracy_in_a_row=0.655, leak=0.5)
    last = told([row(leak=1.0), fallen], levels=["leak"])[-1]
    assert last == (
        "Trials in a row (over all levels of leak): the state carried on over ten trials, accuracy is lower than with "
        "each trial from the zero state, by more than 0.05 (a limit of ours), in 1 of 2 networks (PPO, δ = 0.1, leak "
        "0.5, seed 1: 0.655 instead of 0.955)."
    )


@pytest.mark.parametrize("drop", [0.0, LARGEST_DROP - 1e-6, -0.3, np.nan])
def test_no_sentence_where_accuracy_does_not_fall(drop):
    assert len(told([row(accuracy=0.9, accuracy_in_a_row=0.9 - drop)])) == 3


def test_many_that_fall_are_kept_short():
    rows = [row(seed=seed, accuracy_in_a_row=0.5 - seed / 100) for seed in range(8)]
    last = told(rows)[-1]
    assert "in 8 of 8 networks (PPO, δ = 0.1, seed 7: 0.430" in last
    assert last.endswith("; and 3 more, in the table).")


def test_nothing_is_finished():
    assert told([]) == ["No network is finished yet."]
