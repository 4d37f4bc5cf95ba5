"""Processes of a study compute on one thread each: two on two cores would hinder one another otherwise."""

import os
import subprocess
import sys

from attrax.one_thread import ONE_THREAD

PRODUCTS = """
import time
import jax
a, b = jax.numpy.ones((4000, 250)), jax.numpy.ones((250, 250)) / 250
run = jax.jit(lambda a: jax.lax.fori_loop(0, 150, lambda _, a: a @ b, a))
run(a).block_until_ready()
wall, processor = time.perf_counter(), time.process_time()
run(a).block_until_ready()
print((time.process_time() - processor) / (time.perf_counter() - wall))
"""


def test_a_large_product_keeps_one_core_busy_and_no_more():
    environment = os.environ | ONE_THREAD
    done = subprocess.run([sys.executable, "-c", PRODUCTS], capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) < 1.3
