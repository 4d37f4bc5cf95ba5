"""Which networks are drawn, and which are compared with which."""

import numpy as np
import pandas as pd
import pytest

from attrax.reports.drawn_cells import shown, shown_words
from attrax.reports.words.rules_compared import MEASURES, compare_rules
from attrax.studies import Store, parse_study

STUDY = """
name = "pretended"
seeds = 6
[tasks.ContextDecision]
[learners.ppo]
[learners.supervised]
[network]
delta = [0.1, 0.2]
[crossed]
learners.ppo.entropy_weight = [0.0, 0.01]
network.leak = [0.5, 1.0]
"""


class PretendedStore(Store):
    """A store whose networks were not computed: all are there, PPO's with more of the plane quasi-periodic."""

    def __init__(self, text=STUDY, without=()):
        self.study = parse_study(text)
        self.conditions = [c for c in self.study.conditions() if (c.learner_label, c.seed) not in without]

    def summary(self):
        rng = np.random.default_rng(0)
        rows = []
        for condition in self.conditions:
            quasi = 0.3 * (condition.learner_label == "ppo") + 0.1 * rng.random()
            shares = dict.fromkeys(MEASURES, 0.0) | {"frac_quasi": quasi, "frac_fixed": 1 - quasi}
            rows.append({**condition.factors, "reached": True, "status": "reached", **shares})
        return pd.DataFrame(rows)


def test_like_is_compared_with_like():
    compared = compare_rules(PretendedStore())
    # two widths, two leaks, two levels of what is PPO's alone, six measures, all and reached
    assert len(compared.pairs) == 2 * 2 * 2 * 6 * 2
    assert (compared.pairs.pairs == 6).all()
    quasi = compared.pairs[compared.pairs.measure == "frac_quasi"]
    assert (quasi.p_sign_flip == quasi.p_smallest).all()
    assert quasi.difference.between(0.2, 0.4).all()
    # one family for the whole table
    assert (compared.pairs.q_sign_flip >= compared.pairs.p_sign_flip).all()
    assert quasi.q_sign_flip.iloc[0] == pytest.approx(0.03125 * 96 / 32, abs=0.01)
    assert len(compared.trends) == (2 * 2 + 2) * 6 * 2
    assert "With 6 seeds no paired test gives less than p = 0.031" in compared.power


def test_one_seed_is_no_statistics():
    compared = compare_rules(PretendedStore(STUDY.replace("seeds = 6", "seeds = 1")))
    assert compared.pairs.empty
    assert compared.trends.empty
    assert compared.power == ""
    assert len(compared.cells) == (2 * 2 * 2 + 2 * 2) * 6 * 2


def test_what_is_drawn_is_of_one_seed_that_most_cells_have():
    store = PretendedStore(without={("ppo", 0)})
    drawn = shown(store)
    assert {c.seed for c in drawn} == {1}
    assert sorted((c.learner_label, c.network.delta) for c in drawn) == [
        ("ppo", 0.1), ("ppo", 0.2), ("supervised", 0.1), ("supervised", 0.2)
    ]  # fmt: skip
    assert shown_words(store) == "task ContextDecision, seed 1, entropy_weight 0.01, leak 1.0"
