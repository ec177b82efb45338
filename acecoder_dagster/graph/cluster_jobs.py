"""Running workers on the nodes of a Ray cluster, each as a job of Ray's that Dagster Pipes follows."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import BaseModel

from acecoder_dagster.files import replace_json
from acecoder_dagster.graph.step import Step
from acecoder_dagster.learning.training.checkpoints import settled_files
from acecoder_dagster.learning.workers.assignments import ASSIGNMENT_FILE, assignment

if TYPE_CHECKING:
    from dagster_ray import PipesRayJobClient


@contextmanager
def lent(step: Step, folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let the jobs of a step work in a folder, which is here as it was saved last.

    Two machines that lend the same folder take turns. What a job of a dead one still does there is waited for by the
    next job, since both hold the folder's lease on their nodes.

    Args:
        step: the step.
        folder: the folder.
        waiting: called once, when another machine lends it.
    """
    home = step.project.home
    store, lease = home.store, folder.relative_to(home.root).as_posix().replace("/", "-")
    with store.hold(home.scratch / "lent" / lease, waiting):
        store.fetch(folder)
        folder.mkdir(parents=True, exist_ok=True)
        yield


def run_job(
    step: Step, specification: BaseModel, workplaces: Sequence[Path], folder: Path, environment: Mapping[str, str]
) -> dg.PipesClientCompletedInvocation:
    """Run a worker as a Ray job, and bring what it did.

    Args:
        step: the step.
        specification: what the worker does.
        workplaces: the folders in which it works, which are lent.
        folder: a folder for what the worker is given and says, which is left here.
        environment: environment variables of the worker.

    Raises:
        Failure: the project is in no object store, or the cluster takes no jobs.
        Exception: the job ended badly; Dagster's errors of that kind have no common class.
    """
    home, cluster = step.project.home, step.settings.cluster
    if home.store.address is None:
        raise dg.Failure(
            f"cluster.runs_models is true, but the project is in the folder {home.root}, which nodes cannot reach: "
            "keep it in an object store (ACECODER_HOME=s3://BUCKET/PREFIX), or set cluster.runs_models to false",
            allow_retries=False,
        )
    client = _client(cluster.address)
    given = assignment(specification, home.root, workplaces)
    replace_json(folder / ASSIGNMENT_FILE, given.model_dump(mode="json"))
    places = [folder, *workplaces]
    for place in places:
        home.store.save(place, settled_files(place))
    command = ["python", "-m", "acecoder_dagster.learning.workers.on_node"]
    command += [home.store.address, folder.relative_to(home.root).as_posix()]
    # While it is held, the job knows that somebody waits for it.
    with home.store.hold(folder, lambda: None):
        try:
            return client.run(
                context=step.context.op_execution_context,
                submit_job_params={
                    "entrypoint": shlex.join(command),
                    "entrypoint_num_cpus": cluster.model_cores,
                    "entrypoint_num_gpus": cluster.model_gpus,
                    "runtime_env": {"env_vars": dict(environment)},
                },
            )
        finally:
            for place in places:
                home.store.fetch(place)


def _client(address: str | None) -> "PipesRayJobClient":
    try:
        from dagster_ray import PipesRayJobClient
    except ImportError as error:
        raise dg.Failure(
            "cluster.runs_models is true, and Ray is not installed: pip install 'acecoder-dagster[cluster]'",
            allow_retries=False,
        ) from error
    client = PipesRayJobClient(address=address)
    try:
        client.client.get_version()
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise dg.Failure(
            f"the Ray cluster at {address} (cluster.address) takes no jobs: {error}; its head needs Ray's dashboard, "
            "which `ray start --head` starts where ray[default] is installed"
        ) from error
    return client
