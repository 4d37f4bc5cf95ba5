"""When evidence counts: what the noise of each step of the stimulus does to a network's answers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float, Int
from scipy.stats import norm

from attrax.analyses.psychometrics import ROLES
from attrax.keys import derive_key
from attrax.learning.greedy_trials import run_trials
from attrax.networks import RecurrentNetwork
from attrax.settings import require
from attrax.tasks import duration
from attrax.tasks.staged_decision import StagedDecision
from attrax.tasks.trial import STIMULUS

_WIDTH = float(norm.ppf(0.975))
_PLUS = 1
_FEWEST_A_COLUMN = 10  # answered trials for each weight: with fewer, intervals mean nothing


def psychophysical_kernel(
    task: StagedDecision, network: RecurrentNetwork, trials: int = 10_000, seed: int = 0
) -> xr.Dataset:
    """Measure how much the evidence of each step of the stimulus counts for the answer.

    The answer (1 or 0) is regressed on the noise that the evidence had at each step, within trials of the same
    coherences. The evidence is the channel of a modality, or of a ring the difference of its two.

    Parameters
    ----------
    task, network
        What is asked, and who answers: greedily, each trial from the zero state.
    trials
        How many are drawn, as in training.
    seed
        Of the trials.

    Returns
    -------
    Dataset over "context" (from 0), "role" (see `attrax.analyses.psychometric`) and "step" of the stimulus (from 0):

    weight, low, high
        Of the noise of that step, in units of the mean over the steps of the modality that counts: a network that
        weighs all steps alike has 1 everywhere, one that decides at once has all at the beginning. With a 95 %
        interval. NaN where there is no noise or all answers are the same, or where fewer than 10 trials for each weight
        were answered.
    gain (context)
        That mean: by how much a unit of noise at one step raises P("+").

    Raises
    ------
    SettingsError
        For fewer than 1 trial.

    References
    ----------
    Ahumada, Lovell, JASA 49, 1751 (1971), for the regression; White, Econometrica 48, 817 (1980), for errors that need
    no equal variances. Under Gaussian noise the weights of a linear regression are in proportion to those of any
    observer who adds up weighted evidence, however he decides from the sum (Bussgang); a logistic regression has none
    where the answer is certain given the noise, as that of a network is.
    """
    require(trials >= 1, f"trials is {trials}; it must be 1 or more")
    key = derive_key(type(task).__name__, seed, "kernel trials")
    seen = [np.asarray(part) for part in _answers_and_noise(task, network, key, trials)]
    context, coherence, answer, noise = seen
    roles, columns = ROLES[: task.n_modalities], noise.shape[1] * task.n_modalities
    kernels = []
    for number in range(task.n_contexts):
        here = (context == number) & (answer != 0)
        order = [number % task.n_modalities, *(m for m in range(task.n_modalities) if m != number % task.n_modalities)]
        ordered = noise[here][:, :, order].transpose(0, 2, 1).astype(float)
        cells = np.unique(coherence[here], axis=0, return_inverse=True)[1].reshape(-1)
        weights, covariance = regress_on_noise(ordered.reshape(len(ordered), columns), answer[here] == _PLUS, cells)
        kernels.append(_normalised(weights, covariance, len(roles)))
    steps = np.arange(noise.shape[1])
    return xr.concat(kernels, dim="context").assign_coords(
        context=np.arange(task.n_contexts), role=list(roles), step=steps
    )


def regress_on_noise(
    noise: Float[np.ndarray, "trials columns"], plus: Bool[np.ndarray, " trials"], cells: Int[np.ndarray, " trials"]
) -> tuple[Float[np.ndarray, " columns"], Float[np.ndarray, "columns columns"]]:
    """Regress answers on noise by least squares, within groups of trials of equal stimulus.

    Parameters
    ----------
    noise
        Of each trial.
    plus
        Whether the answer was "+".
    cells
        Number of each trial's group.

    Returns
    -------
    The weights, and their covariance where the variance of the answers differs between trials; NaN for columns without
    noise, and everywhere where there are fewer than 10 trials for each weight.
    """
    columns = noise.shape[1]
    weights, covariance = np.full(columns, np.nan), np.full((columns, columns), np.nan)
    noisy = np.flatnonzero(noise.std(axis=0) > 0) if len(noise) else np.zeros(0, int)
    groups = int(cells.max(initial=-1)) + 1
    free = len(noise) - noisy.size - groups
    if not noisy.size or free < _FEWEST_A_COLUMN * noisy.size:
        return weights, covariance
    counts = np.bincount(cells, minlength=groups)
    both = np.column_stack([plus.astype(float), noise[:, noisy]])
    means = np.stack([np.bincount(cells, column, groups) for column in both.T], axis=1) / counts[:, None]
    within = both - means[cells]
    answers, regressors = within[:, 0], within[:, 1:]
    inverse = np.linalg.pinv(regressors.T @ regressors, hermitian=True)
    found = inverse @ (regressors.T @ answers)
    scaled = regressors * (answers - regressors @ found)[:, None]
    weights[noisy] = found
    covariance[np.ix_(noisy, noisy)] = inverse @ (scaled.T @ scaled) @ inverse * (len(noise) / free)
    return weights, covariance


def _normalised(
    weights: Float[np.ndarray, " columns"], covariance: Float[np.ndarray, "columns columns"], roles: int
) -> xr.Dataset:
    """Return weights in units of their mean over the steps of what counts, with that mean's own error counted."""
    counts = np.arange(weights.size) < weights.size // roles
    averaged = np.flatnonzero(counts & np.isfinite(weights))
    relative, error, gain = np.full_like(weights, np.nan), np.full_like(weights, np.nan), np.nan
    if averaged.size:
        gain = float(weights[averaged].mean())
    if gain != 0 and not np.isnan(gain):
        relative = weights / gain
        # d(w_t / m) = dw_t / m - w_t dm / m²
        slopes = np.eye(weights.size) / gain
        slopes[:, averaged] -= (relative / gain / averaged.size)[:, None]
        known = np.isfinite(weights)
        slopes, inside = slopes[np.ix_(known, known)], covariance[np.ix_(known, known)]
        error[known] = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slopes, inside, slopes), 0.0))
    shape = (roles, weights.size // roles)
    over = ("role", "step")
    return xr.Dataset(
        {
            "weight": (over, relative.reshape(shape)),
            "low": (over, (relative - _WIDTH * error).reshape(shape)),
            "high": (over, (relative + _WIDTH * error).reshape(shape)),
            "gain": gain,
        }
    )


@partial(jax.jit, static_argnums=(0, 3))
def _answers_and_noise(
    task: StagedDecision, network: RecurrentNetwork, key: Array, n_trials: int
) -> tuple[
    Int[Array, " trials"],
    Float[Array, "trials modalities"],
    Int[Array, " trials"],
    Float[Array, "trials steps modalities"],
]:
    """Run trials; return context, coherences, answer, and the noise of the evidence at each step of the stimulus."""
    trials = jax.vmap(task.trial)(jax.random.split(key, n_trials))
    run = run_trials(task, network, trials, lambda seen, moment: (seen, None), None)
    per, steps = task.channels_per_modality, duration.longest(task.stimulus)

    def noise(observation: Array, stage: Array, coherence: Array) -> Array:
        channels = observation[:, 1 : 1 + task.n_modalities * per].reshape(-1, task.n_modalities, per)
        evidence = channels[..., 0] - (channels[..., 1] if per == 2 else 0.0)
        onset = jnp.argmax(stage == STIMULUS)
        in_order = jnp.roll(jnp.where((stage == STIMULUS)[:, None], evidence - coherence, 0.0), -onset, axis=0)
        return in_order[:steps]

    along = jax.vmap(noise)(trials.observation, trials.stage, trials.coherence)
    return trials.context, trials.coherence, run.answer, along
