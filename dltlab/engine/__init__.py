"""The engine: the only room with JAX, and a process of its own.

A staircase, each step seeing only those below it::

    __main__ > session > loop > acts > experiment > fleet > ensemble > program > probes, theories
             > simulation > optimizers | problems > models, data > numerics
"""

import os

# Before LAPACK is loaded: its threads wait for each other by spinning, and a small eigenvalue
# problem took thirty times as long while another process used the second core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
