"""Communities that are known."""

import numpy as np
import pytest

from attrax.populations import GROUPS, communities, functional_connectivity, modularity
from attrax.settings import SettingsError
from tests.populations.made_up_recordings import recording


def test_communities_need_neither_groups_nor_weights():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [10] * 40, n_units=6)
    activity[:, :3] += 2 * rng.normal(size=40)[trial][:, None]
    found = modularity(functional_connectivity(activity, trial), permutations=20, rewirings=2)
    assert len(set(found.community.values[:3])) == 1
    assert found.groups_reason.item() != ""
    areas = modularity(functional_connectivity(activity, trial), ["V1"] * 3 + ["V4"] * 3, permutations=20, rewirings=2)
    assert areas.groups_reason.item() == ""


def in_communities(rng, n_each=8, n_trials=60):
    """Units in three communities, each with a source of its own, and one unit that is alone."""
    place = np.repeat([0, 1, 2], n_each)
    activity, trial = recording(rng, [10] * n_trials, n_units=3 * n_each + 1)
    activity[:, :-1] += 3 * np.repeat(rng.normal(size=(n_trials, 3)), 10, axis=0)[:, place]
    return activity, trial, place


def test_planted_communities_come_back():
    rng = np.random.default_rng(0)
    activity, trial, place = in_communities(rng)
    connectivity = functional_connectivity(activity, trial)
    labels = np.append(np.array(GROUPS)[place], "G_s")
    weights = np.zeros((25, 25))
    weights[:-1, :-1] = place[:, None] == place
    found = modularity(connectivity, labels, weights, significance=0.001, permutations=200)
    assert found.agreement == pytest.approx(1.0)
    assert found.agreement_p == pytest.approx(1 / 201)
    assert found.community.values[-1] == -1
    assert len(set(found.community.values[:-1])) == 3
    assert found.group_modularity == pytest.approx(found.modularity)
    assert found.modularity > 0.6
    assert found.modularity_p == pytest.approx(1 / 21)
    assert found.modularity_z > 10
    assert (found.weight_correlation > 0.5).all()
    assert (found.weight_p < 0.01).all()


def test_modularity_is_that_of_networkx_and_the_rewired_keep_degrees():
    import networkx as nx

    rng = np.random.default_rng(0)
    graph = np.triu(rng.random((15, 15)) * (rng.random((15, 15)) < 0.4), 1)
    graph += graph.T
    labels = rng.integers(0, 3, 15)
    parts = [set(np.flatnonzero(labels == part)) for part in range(3)]
    expected = nx.community.modularity(nx.from_numpy_array(graph), parts, weight="weight")
    assert communities._quality(graph, labels) == pytest.approx(expected)
    rewired = communities._rewired(graph, rng)
    np.testing.assert_array_equal((rewired > 0).sum(0), (graph > 0).sum(0))
    np.testing.assert_allclose(np.sort(rewired.ravel()), np.sort(graph.ravel()))
    np.testing.assert_array_equal(rewired, rewired.T)
    assert ((rewired > 0) != (graph > 0)).any()
    assert not np.diag(rewired).any()


def test_without_an_edge_there_are_reasons():
    activity, trial = recording(np.random.default_rng(0), [10] * 20, n_units=6)
    activity[:, :3] = 0.0
    connectivity = functional_connectivity(activity, trial)
    found = modularity(connectivity, ["G_a"] * 6, np.ones((6, 6)), significance=1e-9, permutations=9)
    assert found.edges == 0
    assert set(found.community.values) == {-1}
    assert np.isnan(found.modularity)
    assert np.isnan(found.agreement)
    assert found.modularity_reason == found.groups_reason == "no two units are connected"
    assert found.weights_reason.values.tolist() == ["3 units are testable; needed: 4 or more"] * 2
    activity, trial = recording(np.random.default_rng(0), [10] * 20, n_units=6)
    activity += np.repeat(np.random.default_rng(1).normal(size=20), 10)[:, None] * 5
    found = modularity(functional_connectivity(activity, trial), [""] * 6, np.ones((6, 6)), permutations=9)
    assert found.edges > 0
    assert found.groups_reason == "no two units of known groups are connected"
    assert found.weights_reason.values.tolist() == ["connectivity or weights are the same for every pair"] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groups": ["G_a"]}, r"groups has shape \(1,\); it must be \(2,\)"),
        ({"weights": np.zeros((2, 3))}, r"weights has shape \(2, 3\); it must be \(2, 2\)"),
        ({"weights": np.full((2, 2), np.inf)}, "weights must be finite"),
        ({"significance": 1.0}, "significance is 1.0; it must be between 0 and 1"),
        ({"rewirings": 0}, "rewirings is 0; it must be 2 or more"),
    ],
)
def test_comparisons_that_cannot_be_are_refused(change, words):
    connectivity = functional_connectivity(np.zeros((6, 2)))
    sound = {"groups": ["G_a", "G_s"], "weights": np.zeros((2, 2))}
    with pytest.raises(SettingsError, match=words):
        modularity(connectivity, **{**sound, **change})
