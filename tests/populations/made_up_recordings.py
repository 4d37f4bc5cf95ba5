"""Recordings of independent units."""

import numpy as np
from scipy import signal


def recording(rng, lengths, n_units=20, slowness=0.9, offset=1.0, course=0.0):
    """Independent units: slow noise, an offset of each in each trial, and a course that every trial repeats."""
    trials = []
    for length in lengths:
        noise = signal.lfilter([1], [1, -slowness], rng.normal(size=(length + 50, n_units)), axis=0)[50:]
        common = course * np.sin(np.arange(length) / 4)[:, None]
        trials.append(noise * np.sqrt(1 - slowness**2) + offset * rng.normal(size=n_units) + common)
    return np.concatenate(trials), np.repeat(np.arange(len(lengths)), lengths)
