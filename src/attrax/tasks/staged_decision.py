"""What the decision tasks share: stages, coding, noise, rewards.

Arrays of a single trial; `jax.vmap` makes batches.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int

from attrax._lazy import Array, jax, jnp
from attrax.settings import check_fields, require, unknown_name
from attrax.tasks import duration
from attrax.tasks.duration import Duration
from attrax.tasks.ideal_observer import accuracy_of, gaussian_choice, signed_levels, uniform_choice
from attrax.tasks.trial import DECISION, OVER, STAGES, STIMULUS, Coherence, Feedback, Trial


@dataclass(frozen=True)
class StagedDecision:
    """Two-alternative decisions about noisy, signed evidence, in the stages of `STAGES`.

    Observation
        float32 ``(n_inputs,)``: the fixation input; the modalities (signed coding: one channel each, the
        coherence; ring coding: two each, ``0.5 + coherence / 2`` and ``0.5 - coherence / 2``), nonzero in the
        stimulus stage only; then, where there are several contexts, one channel a context, on throughout the
        trial. Noise is added at every step of the `noise_stages`, independently in each of the `noise_channels`.
    Action
        0 keep fixating, 1 answer "+", 2 answer "-".
    Reward
        `reward_correct` or `reward_wrong` for the first answer in the decision stage; `reward_early` for each
        answer in one of the `early_stages`; else 0.
    End
        After the first answer in the decision stage, after its last step, or (a setting) after an early answer.
    """

    fixation: Duration = 5
    """Steps before the stimulus."""
    stimulus: Duration = 20
    """Steps of noisy evidence."""
    delay: Duration = (5, 15)
    """Steps between the stimulus and the decision."""
    decision: Duration = 5
    """Steps in which an answer counts."""
    coherences: tuple[float, ...] = (0.05, 0.15, 0.3, 0.6, 1.0)
    """Strengths of the evidence, in [0, 1]; each is drawn with either sign."""
    noise: float = 0.2
    """Of each step and channel: the standard deviation of Gaussian noise, or α of uniform noise on (-α, α)."""
    noise_kind: Literal["gaussian", "uniform"] = "gaussian"
    """What the noise is drawn from."""
    noise_channels: Literal["stimulus", "all"] = "stimulus"
    """Which channels are noisy: those of the modalities, or fixation and context as well."""
    noise_stages: Literal["all"] | tuple[str, ...] = ("stimulus",)
    """Stages in which they are: some of "fixation", "stimulus", "delay" and "decision", or "all"."""
    fixation_input: Literal["until decision", "fixation stage"] = "until decision"
    """When the fixation input is on: its end is the go cue, or it goes off after fixation (NeuroGym)."""
    coding: Literal["signed", "ring"] = "signed"
    """One signed channel a modality, or a ring of two (NeuroGym)."""
    reward_correct: float = 1.0
    """Reward of a right answer."""
    reward_wrong: float = 0.0
    """Reward of a wrong answer."""
    reward_early: float = -0.1
    """Reward of each answer in one of the `early_stages`."""
    early_stages: tuple[str, ...] = ("fixation", "stimulus", "delay")
    """Stages in which an answer is punished."""
    early_answer_ends_trial: bool = False
    """Whether a punished answer also ends the trial."""

    n_modalities: ClassVar[int]
    n_contexts: ClassVar[int]

    def __post_init__(self) -> None:
        check_fields(self)
        for stage in STAGES:
            least = 1 if stage in ("stimulus", "decision") else 0
            duration.check_duration(stage, getattr(self, stage), least)
        require(len(self.coherences) > 0, "coherences is empty; give at least one value in [0, 1]")
        require(
            all(0 <= c <= 1 for c in self.coherences),
            f"coherences {list(self.coherences)}: each must lie in [0, 1] (signs are drawn)",
        )
        require(self.noise >= 0, f"noise is {self.noise}; it must be 0 or more")
        require(
            self.fixation_input in ("until decision", "fixation stage"),
            f"fixation_input is {self.fixation_input!r}; it must be 'until decision' or 'fixation stage'",
        )
        require(self.coding in ("signed", "ring"), f"coding is {self.coding!r}; it must be 'signed' or 'ring'")
        if self.noise_stages == "all":
            object.__setattr__(self, "noise_stages", STAGES)
        for stage in self.noise_stages:
            if stage not in STAGES:
                raise unknown_name("stage in noise_stages", stage, STAGES)
        for stage in self.early_stages:
            if stage not in STAGES[:DECISION]:
                raise unknown_name("stage in early_stages", stage, STAGES[:DECISION])

    @property
    def channels_per_modality(self) -> int:
        """One (signed coding) or two (ring coding)."""
        return 2 if self.coding == "ring" else 1

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each input channel carries, in order."""
        sides = ("+", "-") if self.coding == "ring" else ("",)
        stimuli = [f"modality {m + 1}{side}" for m in range(self.n_modalities) for side in sides]
        cues = [f"context {c + 1}" for c in range(self.n_contexts)] if self.n_contexts > 1 else []
        return ("fixation", *stimuli, *cues)

    @property
    def n_inputs(self) -> int:
        """Number of input channels."""
        return len(self.input_names)

    @property
    def n_actions(self) -> int:
        """Three: fixate, answer "+", answer "-"."""
        return 3

    @property
    def longest_trial(self) -> int:
        """Steps of the longest trial: the length of a `Trial`'s arrays."""
        return sum(duration.longest(getattr(self, stage)) for stage in STAGES)

    @property
    def fewest_steps(self) -> int:
        """Steps of the shortest trial that no answer ends early."""
        return sum(duration.shortest(getattr(self, stage)) for stage in STAGES)

    @property
    def shortest_trial(self) -> int:
        """Fewest steps after which an environment's trial can end, early answers included."""
        if self.early_answer_ends_trial and self.early_stages:
            return 1
        return sum(duration.shortest(getattr(self, stage)) for stage in STAGES[:DECISION]) + 1

    def stage_steps(self, stage: str) -> int:
        """Return the typical (mean) number of steps of a stage."""
        return duration.typical(getattr(self, _checked_stage(stage)))

    def stage_input(self, stage: str, coherence: Coherence, context: int | Int[Array, ""]) -> Float[Array, " inputs"]:
        """Return the constant, noise-free input of a stage: it makes the network an autonomous map.

        Parameters
        ----------
        stage
            One of `STAGES`.
        coherence
            Signed coherence of each modality, shape (modalities,), in [-1, 1]; seen in the stimulus stage only.
        context
            Which modality counts, from 0.
        """
        index = STAGES.index(_checked_stage(stage))
        last_on = DECISION - 1 if self.fixation_input == "until decision" else 0
        parts = [jnp.array([float(index <= last_on)])]
        coherence = jnp.asarray(coherence, dtype=float)
        if self.coding == "ring":
            stimuli = jnp.stack([0.5 + coherence / 2, 0.5 - coherence / 2], axis=-1).reshape(-1)
        else:
            stimuli = coherence
        parts.append(stimuli if index == STIMULUS else jnp.zeros_like(stimuli))
        if self.n_contexts > 1:
            parts.append((jnp.arange(self.n_contexts) == context).astype(coherence.dtype))
        return jnp.concatenate(parts)

    def stimuli(self) -> tuple[Float[np.ndarray, "stimuli modalities"], Float[np.ndarray, " stimuli"]]:
        """Return all signed coherences that `trial` draws, and the probability of each; equal in all contexts."""
        signed = [sign * strength for strength in self.coherences for sign in (1.0, -1.0)]
        drawn = np.array(list(product(signed, repeat=self.n_modalities))) + 0.0  # -0 is 0
        stimuli, counts = np.unique(drawn, axis=0, return_counts=True)
        return stimuli, counts / counts.sum()

    def trial(self, key: Array) -> Trial:
        """Draw a trial: durations, context, coherences and signs, noise, each uniform and independent."""
        # One block of uniform draws for all that is discrete: each separate draw costs time to compile.
        draw_key, noise_key = jax.random.split(key)
        n_draws = len(STAGES) + 1 + 2 * self.n_modalities
        # Drawn in whole vectors, since odd lengths take several times as long to compile; the first are the same.
        uniform = jax.random.uniform(draw_key, (-(-n_draws // 16) * 16,))[:n_draws]
        lengths = self._lengths(uniform[: len(STAGES)])
        context = jnp.floor(uniform[4] * self.n_contexts).astype(jnp.int32)
        which, sign = uniform[5 : 5 + self.n_modalities], uniform[5 + self.n_modalities :]
        strength = jnp.array(self.coherences)[jnp.floor(which * len(self.coherences)).astype(jnp.int32)]
        positive = sign < 0.5
        choice = jnp.where(positive[context], 1, 2)
        return self.compose(
            lengths, context, jnp.where(positive, strength, -strength), choice, self._draw_noise(noise_key)
        )

    def trial_at(self, key: Array, coherence: Coherence, context: int | Int[Array, ""]) -> Trial:
        """Draw a trial of given signed coherences and context: only durations and noise are random."""
        draw_key, noise_key = jax.random.split(key)
        coherence, context = jnp.asarray(coherence, dtype=float), jnp.asarray(context, dtype=jnp.int32)
        lengths = self._lengths(jax.random.uniform(draw_key, (len(STAGES),)))
        choice = jnp.where(coherence[context] >= 0, 1, 2)
        return self.compose(lengths, context, coherence, choice, self._draw_noise(noise_key))

    def _lengths(self, uniform: Float[Array, " stages"]) -> Int[Array, " stages"]:
        return jnp.stack([duration.quantile(getattr(self, stage), u) for stage, u in zip(STAGES, uniform, strict=True)])

    def compose(
        self,
        lengths: Int[Array, " stages"],
        context: Int[Array, ""],
        coherence: Float[Array, " modalities"],
        choice: Int[Array, ""],
        noise: Float[Array, "steps channels"],
    ) -> Trial:
        """Make the trial with given durations, context, coherences, right answer and noise."""
        ends = jnp.cumsum(lengths)
        steps = jnp.arange(self.longest_trial)
        stage = jnp.sum(steps[:, None] >= ends[None, :], axis=1)
        by_stage = [self.stage_input(name, coherence, context) for name in STAGES]
        observation = jnp.stack([*by_stage, jnp.zeros_like(by_stage[0])])[stage]
        first = 0 if self.noise_channels == "all" else 1
        noisy = jnp.array([*(name in self.noise_stages for name in STAGES), False])[stage]
        observation = observation.at[:, first : first + noise.shape[1]].add(jnp.where(noisy[:, None], noise, 0.0))
        target = jnp.where(stage == DECISION, choice, 0)
        return Trial(observation, stage, target, ends[-1], context, coherence, choice)

    def judge(self, trial: Trial, step: Int[Array, ""], action: Int[Array, ""]) -> Feedback:
        """Say what an action at a step of a trial earns, and whether it ends the trial.

        The action is judged by the stage of the observation that it was chosen from.
        """
        stage = trial.stage[step]
        answered = action != 0
        final = answered & (stage == DECISION)
        early = answered & (stage < DECISION)
        punished = early & jnp.array([name in self.early_stages for name in (*STAGES, "over")])[stage]
        reward = jnp.where(
            final,
            jnp.where(action == trial.choice, self.reward_correct, self.reward_wrong),
            jnp.where(punished, self.reward_early, 0.0),
        )
        end = final | (step >= trial.length - 1) | (stage == OVER)
        if self.early_answer_ends_trial:
            end = end | punished
        return Feedback(reward, end, early, jnp.where(final, action, 0))

    def ideal_observer_accuracy(self) -> float:
        """Return the highest accuracy that any network can reach: Bayes' rule with known context and timing.

        Averaged over coherences and durations; exact (see `attrax.tasks.ideal_observer`), but for what `ceiling_remark`
        says.
        """
        return accuracy_of(self.coherences, self.ideal_observer_choice()[1])

    def ideal_observer_choice(self) -> tuple[Float[np.ndarray, " levels"], Float[np.ndarray, " levels"]]:
        """Return the signed coherences of the modality that counts, and how often the ideal observer answers "+"."""
        noise, channels = self._noise_of_evidence, self.channels_per_modality

        def plus(steps: int) -> Float[np.ndarray, " levels"]:
            if self.noise_kind == "uniform":
                return uniform_choice(self.coherences, noise, steps, channels)
            # In ring coding the evidence is the difference of two channels.
            return gaussian_choice(self.coherences, noise * math.sqrt(channels), steps)

        mean = sum(p * plus(steps) for steps, p in duration.probabilities(self.stimulus).items())
        return signed_levels(self.coherences)[0], np.asarray(mean)

    @property
    def ceiling_remark(self) -> str:
        """What is to be said beside `ideal_observer_accuracy`; nothing where that is all there is to it."""
        noise = self._noise_of_evidence
        if min(self.coherences) > 0 and (noise == 0 or (self.noise_kind == "uniform" and self._always_tells(noise))):
            evidence = f"the weakest evidence, {min(self.coherences):g}"
            return f"no error is possible: noise of {noise:g} never turns the sign of {evidence}"
        everywhere = all(stage in self.noise_stages for stage in STAGES)
        if self.noise_channels == "all" and everywhere and self.noise > 0:
            if self.noise_kind == "uniform" and self.noise <= 0.5:
                return ""  # a cue of 1 and one of 0 are never seen as the same
            return "an upper bound: noise on the context cue and on fixation is not counted"
        return ""

    @property
    def _noise_of_evidence(self) -> float:
        return self.noise if STAGES[STIMULUS] in self.noise_stages else 0.0

    def _always_tells(self, noise: float) -> bool:
        """Whether one step of uniform noise tells the sign of each coherence."""
        return noise <= min(self.coherences) / self.channels_per_modality

    def _draw_noise(self, key: Array) -> Float[Array, "steps channels"]:
        channels = self.n_inputs if self.noise_channels == "all" else self.n_modalities * self.channels_per_modality
        # Flat: the same numbers, and compiled faster.
        if self.noise_kind == "uniform":
            flat = jax.random.uniform(key, (self.longest_trial * channels,), minval=-1.0, maxval=1.0)
        else:
            flat = jax.random.normal(key, (self.longest_trial * channels,))
        return self.noise * flat.reshape(self.longest_trial, channels)


def _checked_stage(stage: str) -> str:
    if stage not in STAGES:
        raise unknown_name("stage", stage, STAGES)
    return stage
