"""Partitions whose agreement, evenness and history are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.populations import GROUPS
from attrax.populations.partitions import adjusted_rand_index, crystallisation, group_entropy, turnover
from attrax.settings import SettingsError

some_labels = st.lists(st.sampled_from(GROUPS), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("one", "other", "index"),
    [
        ([0, 0, 1, 1], ["b", "b", "a", "a"], 1.0),
        ([0, 0, 1, 1], [0, 0, 1, 2], 4 / 7),  # 1 pair of 2 and 1 together: (1 - 1/3) / (3/2 - 1/3)
        ([0, 0, 1, 1], [0, 1, 0, 1], -0.5),
        ([0, 0, 0], [1, 1, 1], 1.0),
        ([0, 1, 2], [5, 6, 7], 1.0),
        ([0, 0, 0], [0, 1, 2], 0.0),
        ([None], [(1, 2)], 1.0),
    ],
)
def test_known_agreements(one, other, index):
    assert adjusted_rand_index(one, other) == pytest.approx(index)


@given(labels=some_labels, seed=st.integers(0, 99))
def test_agreement_knows_neither_names_nor_order(labels, seed):
    rng = np.random.default_rng(seed)
    one = np.array(labels)
    other = rng.integers(0, 3, len(one))
    order = rng.permutation(len(one))
    found = adjusted_rand_index(one, other)
    assert found == adjusted_rand_index(other, one) == adjusted_rand_index(one[order], other[order])
    assert found == adjusted_rand_index(one, (other + 1) % 3)
    assert adjusted_rand_index(one, one) == 1.0


def test_labels_dealt_at_random_agree_by_chance_only():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 100)
    found = [adjusted_rand_index(one, rng.permutation(one)) for _ in range(500)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(500)


@pytest.mark.parametrize(
    ("labels", "bits"),
    [(["G_a"] * 5, 0.0), (list(GROUPS), 2.0), (["G_+", "G_-", "", ""], 1.0), (["G_a"] * 3 + ["G_s"], 0.8112781)],
)
def test_known_entropies(labels, bits):
    assert group_entropy(labels) == pytest.approx(bits)


def test_a_history_that_is_known():
    labels = [
        ["G_a", "G_+", "", "G_s", "G_+"],
        ["G_a", "G_-", "G_+", "", "G_+"],
        ["G_a", "G_-", "G_+", "G_s", ""],
        ["G_a", "G_-", "G_+", "G_s", ""],
    ]
    found = turnover(labels)
    assert found.known.values.tolist() == [3, 3, 4]
    assert found.changed.values.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.share, [1 / 3, 0, 0])
    assert found.reason.values.tolist() == ["", "", ""]
    assert crystallisation(labels).tolist() == [0, 1, 1, 2, -1]


def test_a_step_without_a_known_unit_says_why_it_has_no_share():
    found = turnover([["", "G_a"], ["G_a", ""]])
    assert np.isnan(found.share.values).all()
    assert found.reason.values.tolist() == ["no unit's group is known at both checkpoints"]


@given(st.lists(st.lists(st.sampled_from([*GROUPS, ""]), min_size=3, max_size=3), min_size=2, max_size=8))
def test_turnover_and_crystallisation_agree_with_a_loop(labels):
    first = crystallisation(labels)
    for unit in range(3):
        course = [row[unit] for row in labels]
        kept = [start for start in range(len(course)) if set(course[start:]) == {course[-1]}]
        assert first[unit] == (kept[0] if course[-1] else -1)
    for step, changed in enumerate(turnover(labels).changed.values):
        neighbours = zip(labels[step], labels[step + 1], strict=True)
        assert changed == sum(bool(before and after and before != after) for before, after in neighbours)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: adjusted_rand_index([1], [1, 2]), "have 1 and 2 labels; both must have one a unit"),
        (lambda: adjusted_rand_index([], []), "the partitions are empty"),
        (lambda: group_entropy(["", ""]), "no unit's group is known"),
        (lambda: group_entropy(["G_b"]), r"'G_b' is no group; labels are G_a, G_\+, G_-, G_s or ''"),
        (lambda: turnover(["G_a"]), r"labels have shape \(1,\); it must be \(checkpoints, units\)"),
        (lambda: turnover([["G_a"]]), "there is 1 checkpoint; a turnover needs two or more"),
        (lambda: crystallisation(np.zeros((0, 3), "U3")), "there is no checkpoint"),
    ],
)
def test_labels_that_cannot_be_are_refused(call, words):
    with pytest.raises(SettingsError, match=words):
        call()
