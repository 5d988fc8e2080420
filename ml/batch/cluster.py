"""Hands out jobs to a Dask cluster: one task for each, done as any worker process does it.

All of its machines must see the files and the folder for results at the same paths.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from ml.batch.engine import networks_for
from ml.batch.messages import Failed, Job, Outcome, job_from_line, job_to_line
from ml.batch.work import do

_PATIENCE: Final = 15.0
"""Seconds until a scheduler that does not respond is taken to be none."""


def run(jobs: Sequence[Job], address: str) -> Generator[tuple[Job, Outcome]]:
    """What becomes of each job, as it is done. Close the generator to stop them.

    A job whose worker dies is done by another one. Raises ValueError if there is no cluster.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ValueError(
            "Dask is not installed here. Install it with: "
            "pip install 'face-expression-detector[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"No Dask scheduler responds at {address}. Check the address, and that it runs: {error}"
        ) from error
    with client:
        # Not pure: a job is asked for again because its result may be missing.
        by_task = {client.submit(_do, job_to_line(job), pure=False): job for job in jobs}
        try:
            for task in as_completed(by_task):
                yield by_task[task], _outcome(task)
        finally:
            client.cancel([task for task in by_task if not task.done()])


def _do(line: str) -> Outcome:
    """In a worker of the cluster, with as many threads as it was given."""
    from distributed import get_worker

    job = job_from_line(line)
    try:
        networks = networks_for(job.options, get_worker().state.nthreads)
    except (ValueError, OSError) as error:
        return Failed(str(error))
    return do(job, networks, lambda _: None)


def _outcome(task: Any) -> Outcome:  # noqa: ANN401 - a distributed.Future, which has no types
    error = task.exception()
    if error is None:
        outcome: Outcome = task.result()
        return outcome
    why = str(error).strip().split("\n")[0] or type(error).__name__
    return Failed(f"The cluster could not do it: {why}")
