"""Against what DRIADA 1.2.2 said of the same recordings (see make_driada_fixture.py)."""

from pathlib import Path

import numpy as np
import pytest

from attrax.populations import category_information, copula_information, selectivity


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(__file__).with_name("driada.npz")) as file:
        return dict(file)


def test_information_without_ties_agrees(recorded):
    activity, features = recorded["untied_activity"], recorded["untied_features"]
    found = np.column_stack(
        [copula_information(activity, features[:, 0]), category_information(activity, features[:, 1])]
    )
    np.testing.assert_allclose(found, recorded["untied_exact"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found, recorded["untied_exact"], rtol=0, atol=1e-9)  # rounding is all there is
    # as it comes, its normal quantiles are an approximation (off by up to 4e-4)
    np.testing.assert_allclose(found, recorded["untied_as_it_comes"], rtol=1e-3, atol=2e-5)


def information_of_tuned(activity, features, kinds):
    found = []
    for unit, column in enumerate(activity.T):
        ask = copula_information if kinds[unit // 2] == "quantity" else category_information
        found.append(ask(column[:, None], features[:, unit // 2])[0])
    return np.array(found)


def test_information_with_ties_is_the_mean_over_their_random_orders(recorded):
    activity, features, kinds = (recorded[f"tied_{name}"] for name in ("activity", "features", "kinds"))
    found = information_of_tuned(activity, features, kinds)
    assert (found > 0.1).all()
    np.testing.assert_allclose(found, recorded["tied_mean"], rtol=0.01)
    order = np.random.default_rng(0).permutation(len(activity))
    np.testing.assert_allclose(information_of_tuned(activity[order], features[order], kinds), found, rtol=1e-9)
    # DRIADA's answer hangs on the order of the samples
    spread = np.ptp(recorded["tied_orders"], axis=0) / found
    assert (spread > 0.01).sum() >= 8


@pytest.mark.parametrize(("tuning", "representation"), [("any", "by_type"), ("monotone", "raw")])
def test_what_is_significant_agrees(recorded, tuning, representation):
    features = {f"feature {k}": column for k, column in enumerate(recorded["test_features"].T)}
    found = selectivity(
        recorded["test_activity"], features, correction="two-stage", significance=0.01, tuning=tuning
    ).significant.values
    wanted = recorded[f"test_{representation}"]
    assert 8 <= wanted.sum() <= 20
    assert (found == wanted).mean() >= 0.98
