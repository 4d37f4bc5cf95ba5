"""One thread for everything that computes; import before JAX, PyTorch or NumPy."""

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["NPROC"] = "1"  # what XLA sizes its pool of threads by; its flags of old no longer keep it to one
