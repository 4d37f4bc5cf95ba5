"""Information of variables whose information is known."""

import numpy as np
import pytest
from scipy import integrate, stats

from attrax.populations import category_information, copula_information, neighbour_information
from attrax.settings import SettingsError


@pytest.mark.parametrize("correlation", [0.0, 0.3, -0.8])
def test_information_of_normal_variables(correlation):
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 20_000))
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    exact = -0.5 * np.log2(1 - correlation**2)
    # three standard errors: of an information from n samples about |r| / (sqrt(n) ln 2)
    error = 3 * abs(correlation) / np.sqrt(20_000) / np.log(2) + 5e-4
    assert copula_information(y[:, None], x)[0] == pytest.approx(exact, abs=error)
    assert neighbour_information(y[:, None], x)[0] == pytest.approx(exact, abs=0.03)
    bent = neighbour_information(np.exp(y)[:, None], x**3)[0]
    assert bent == pytest.approx(exact, abs=0.03)


def test_information_about_a_category():
    rng = np.random.default_rng(1)
    category = rng.integers(0, 2, 20_000)
    activity = rng.normal(size=(20_000, 1)) + 2.0 * category[:, None]

    def mixture(x):
        density = (stats.norm.pdf(x) + stats.norm.pdf(x - 2)) / 2
        return -density * np.log2(density)

    exact = integrate.quad(mixture, -10, 12)[0] - 0.5 * np.log2(2 * np.pi * np.e)
    assert neighbour_information(activity, category, categorical=True)[0] == pytest.approx(exact, abs=0.03)
    # a lower bound but for the shape of the classes; here it is within a tenth
    assert category_information(activity, category)[0] == pytest.approx(exact, rel=0.1)
    names = np.array(["left", "right"])[category]
    assert category_information(activity, names)[0] == category_information(activity, category)[0]
    assert abs(neighbour_information(rng.normal(size=(20_000, 1)), category, categorical=True)[0]) < 0.01


@pytest.mark.parametrize(
    ("activity", "feature", "words"),
    [
        (np.zeros(5), np.zeros(5), "activity has shape"),
        (np.zeros((5, 1)), np.zeros(4), "the feature has shape"),
        (np.zeros((3, 1)), np.zeros(3), "there are 3 samples"),
        (np.full((5, 1), np.nan), np.zeros(5), "must be finite"),
    ],
)
def test_bad_input_gets_one_line(activity, feature, words):
    with pytest.raises(SettingsError, match=words):
        copula_information(activity, feature)
    if "finite" not in words:
        with pytest.raises(SettingsError, match=words):
            neighbour_information(activity, feature)
    with pytest.raises(SettingsError, match="a category has one sample"):
        category_information(np.zeros((5, 1)), np.array([0, 0, 0, 0, 1]))
