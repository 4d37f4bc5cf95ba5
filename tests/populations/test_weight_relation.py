"""Whether connectivity follows weights."""

import numpy as np
from scipy import stats

from attrax.populations import functional_connectivity, modularity
from tests.populations.made_up_recordings import recording


def test_weights_that_have_nothing_to_do_with_connectivity_give_uniform_p_values():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [10] * 30, n_units=12)
    connectivity = functional_connectivity(activity, trial, permutations=20)
    p_values = []
    for seed in range(150):
        # strong and weak units: pairs are far from independent
        weights = rng.normal(size=(12, 12)) * np.exp(rng.normal(size=12)) + rng.normal(size=12)
        found = modularity(connectivity, ["G_a"] * 12, weights, 1e-12, permutations=99, seed=seed)
        p_values.append(found.weight_p.values)
    for relation in np.array(p_values).T:
        assert stats.kstest(relation, "uniform").pvalue > 1e-3
        low, high = stats.binom.interval(0.999, 150, 0.05)
        assert low <= (relation <= 0.05).sum() <= high
