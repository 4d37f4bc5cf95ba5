"""On which side of a decision real trials are: where their states would go if the next stage lasted for ever."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from attrax.analyses.stage_inputs import StageInputs
from attrax.analyses.trial_states import states_of_trials
from attrax.dynamics import Effort, classify
from attrax.dynamics.orbits.many_orbits import ReluOrbits
from attrax.networks import RecurrentNetwork
from attrax.tasks import Task
from attrax.tasks.trial import STAGES

_AT_ONCE = 64
_SAMPLE = 500  # steps over which the readout is averaged
_PLUS, _MINUS = 1, 2


def trial_sides(
    task: Task,
    network: RecurrentNetwork,
    n_trials: int = 400,
    stages: tuple[str, ...] = STAGES[1:],
    effort: Effort | None = None,
    seed: int = 0,
    *,
    label: bool = False,
) -> xr.Dataset:
    """Follow the states that real trials are in when a stage begins to the attractors of that stage.

    Parameters
    ----------
    task, network
        A trained network, or one of its checkpoints, and what it was trained on.
    n_trials, seed
        Trials, as the task draws them: noise, durations, coherences and context, each from the zero state.
    stages
        At whose beginning the state is taken. Noise falls on the stimulus alone, so states of one context are all alike
        at its beginning, and differ at that of the delay and the decision.
    effort
        How long orbits are followed.
    label
        Whether to say also what kind of attractor each state goes to: that takes much longer where orbits oscillate.

    Returns
    -------
    Dataset over "stage" and "trial":

    side (stage, trial)
        The answer that the readout favours where the state ends up under the stage's constant, noise-free input, by the
        mean of its two logits over the last 500 steps: 1 for "+", -1 for "-", 0 for neither (it diverges).
    wrong (stage, trial)
        Whether that is the side of the wrong answer.
    kind (stage, trial)
        Of the attractor; empty without `label`.
    context, coherence (trial, modality), choice, answer
        Of each trial: `choice` is the right answer (1 for "+", 2 for "-"), `answer` the network's greedy one in the
        decision stage (0: none).

    Raises
    ------
    ValueError
        For a stage that does not exist, or no trials.
    """
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown or not stages:
        raise ValueError(f"stages are {stages!r}; they must be among {', '.join(STAGES)}")
    if n_trials < 1:
        raise ValueError(f"n_trials is {n_trials}; it must be 1 or more")
    trials, inputs = states_of_trials(task, network, n_trials, seed), StageInputs(task, network)
    policy = np.asarray(network.policy_weights, dtype=float)
    bias = np.asarray(network.policy_bias, dtype=float)
    lead, lead_bias = policy[_PLUS] - policy[_MINUS], float(bias[_PLUS] - bias[_MINUS])
    effort = effort or Effort()
    sides = np.empty((len(stages), n_trials), int)
    kinds = np.full((len(stages), n_trials), "", dtype="U14")
    for row, stage in enumerate(stages):
        biases = np.empty((n_trials, len(inputs.weights)))
        for context in range(task.n_contexts):
            there = trials.context == context
            biases[there] = inputs.biases(stage, trials.coherence[there], context)
        before = STAGES.index(stage) - 1
        starts = trials.ends[STAGES[before]] if before >= 0 else np.zeros_like(biases)
        sides[row] = _sides(inputs, biases, starts, lead, lead_bias, effort.settling_steps)
        if label:
            finite = np.isfinite(starts).all(axis=1)
            kinds[row, ~finite] = "divergent"
            kinds[row, finite] = classify(inputs.weights, biases[finite], inputs.leak, starts[finite], effort).kind
    right = np.where(trials.choice == _PLUS, 1, -1)
    return xr.Dataset(
        {
            "side": (("stage", "trial"), sides),
            "wrong": (("stage", "trial"), sides == -right),
            "kind": (("stage", "trial"), kinds),
            "context": ("trial", trials.context),
            "coherence": (("trial", "modality"), trials.coherence),
            "choice": ("trial", trials.choice),
            "answer": ("trial", trials.answer),
        },
        coords={"stage": list(stages)},
    )


def _sides(
    inputs: StageInputs,
    biases: Float[np.ndarray, "trials units"],
    starts: Float[np.ndarray, "trials units"],
    lead: Float[np.ndarray, " units"],
    lead_bias: float,
    settling_steps: int,
) -> Int[np.ndarray, " trials"]:
    """Return the sign of the mean lead of "+" over "-" where each orbit has settled; 0 where it has diverged."""
    mean = np.zeros(len(starts))
    finite = np.flatnonzero(np.isfinite(starts).all(axis=1))
    for first in range(0, finite.size, _AT_ONCE):
        some = finite[first : first + _AT_ONCE]
        orbits = ReluOrbits(inputs.weights, biases[some], inputs.leak, starts[some])
        orbits.follow(settling_steps)
        led = (orbits.record(_SAMPLE) @ lead + lead_bias).mean(axis=0)
        mean[some] = np.where(orbits.left_at < 0, led, 0.0)
    return np.sign(mean).astype(int)


def wrong_side(sides: xr.Dataset) -> xr.Dataset:
    """Return the share of trials on the wrong side for each strength of the evidence that counts.

    Parameters
    ----------
    sides
        As `trial_sides` returns them.

    Returns
    -------
    Dataset over "stage" and "strength", the absolute coherence of the modality of the context:

    wrong_side (stage, strength)
        Share of trials that are on the wrong side when the stage begins, or on none.
    no_side (stage, strength)
        The share of those on none: under the stage's input they diverge.
    wrong_answer (strength)
        Share of trials with a wrong answer, or none.
    trials (strength)
        How many there are.
    """
    counted = np.abs(np.take_along_axis(sides.coherence.values, sides.context.values[:, None], axis=1)[:, 0])
    strengths = np.unique(counted)
    at = [counted == strength for strength in strengths]
    lost = sides.side.values == 0
    wrong, failed = sides.wrong.values | lost, sides.answer.values != sides.choice.values
    return xr.Dataset(
        {
            "wrong_side": (("stage", "strength"), np.stack([wrong[:, rows].mean(axis=1) for rows in at], axis=1)),
            "no_side": (("stage", "strength"), np.stack([lost[:, rows].mean(axis=1) for rows in at], axis=1)),
            "wrong_answer": ("strength", np.array([failed[rows].mean() for rows in at])),
            "trials": ("strength", np.array([rows.sum() for rows in at])),
        },
        coords={"stage": sides.stage, "strength": strengths},
    )
