"""The networks of this process, loaded again only for other options."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from ml.batch.networks import Networks
from ml.batch.options import BatchOptions
from ml.files import file_digest
from resources import bundled_weights

_loading = threading.Lock()


def networks_for(options: BatchOptions, threads: int) -> Networks:
    """Those that were loaded last, if they are the same. For any thread.

    Raises WeightsError, ValueError for a device that is not here, OSError.
    """
    with _loading:
        weights = Path(options.weights) if options.weights else bundled_weights()
        return _loaded(options, threads, file_digest(weights))


@lru_cache(maxsize=1)
def _loaded(options: BatchOptions, threads: int, weights_sha256: str) -> Networks:  # noqa: ARG001
    """``weights_sha256`` is asked for because the file may be another one meanwhile."""
    return Networks(options, threads)
