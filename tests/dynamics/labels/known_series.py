"""Series of a rotation, which is regular, and of the logistic map, which is chaotic."""

import numpy as np

GOLDEN = (np.sqrt(5) - 1) / 2


def rotate(rotation, steps, squeeze=(1.0, 0.4)):
    angle = 2 * np.pi * rotation * np.arange(steps)
    return np.column_stack([squeeze[0] * np.cos(angle), squeeze[1] * np.sin(angle)]) + 3.0


def logistic(steps, x=0.3):
    values = np.empty(steps)
    for i in range(steps):
        values[i] = x = 3.99 * x * (1 - x)
    return values
