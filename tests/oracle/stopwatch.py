"""Wall-clock seconds per activity, for comparing speeds."""

import time
from collections import defaultdict
from contextlib import contextmanager

seconds = defaultdict(float)


@contextmanager
def stopwatch(activity):
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[activity] += time.perf_counter() - start
