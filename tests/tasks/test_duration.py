import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.settings import SettingsError
from attrax.tasks import duration
from attrax.tasks.duration import TruncatedExponential

durations = st.one_of(
    st.integers(0, 30),
    st.tuples(st.integers(0, 10), st.integers(10, 30)),
    st.builds(TruncatedExponential, st.floats(0.5, 20.0), st.floats(0.0, 5.0), st.floats(6.0, 40.0)),
)


@given(durations)
def test_probabilities_add_up_between_the_bounds(value):
    distribution = duration.probabilities(value)
    assert sum(distribution.values()) == pytest.approx(1.0)
    assert min(distribution) == duration.shortest(value)
    assert max(distribution) == duration.longest(value)
    assert min(distribution.values()) >= 0


@pytest.mark.parametrize("value", [7, (5, 15), TruncatedExponential(6.0, 3.0, 30.0)])
def test_draws_follow_the_probabilities(value):
    n = 20_000
    uniform = jax.random.uniform(jax.random.key(0), (n,))
    drawn = np.asarray(jax.vmap(lambda u: duration.quantile(value, u))(uniform))
    for steps, probability in duration.probabilities(value).items():
        error = 5 * np.sqrt(probability * (1 - probability) / n) + 1e-12
        assert np.mean(drawn == steps) == pytest.approx(probability, abs=error)


@pytest.mark.parametrize(
    ("value", "least", "words"),
    [
        (-1, 0, "stage lasts -1 steps; it must last 0 or more"),
        ((9, 3), 0, "from 9 to 3"),
        (0, 1, "must last 1 or more"),
    ],
)
def test_impossible_durations_are_refused(value, least, words):
    with pytest.raises(SettingsError, match=words):
        duration.check_duration("stage", value, least)
