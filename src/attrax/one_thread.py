"""The environment in which a process computes on one thread; JAX and NumPy read it when they are imported.

Training small networks is fastest with one such process a core.
"""

ONE_THREAD = {
    # What XLA sizes its pool of threads by; the flag for its matrix products alone leaves a second thread at work.
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}
