"""The public door of the judge, where a program's way begins and ends.

The way of a program, from `Judge.judge` to its verdict:

1. `run.verdict_stream` puts consecutive programs of one question into a group.
2. `run.workers` has it judged: `run.threads` hands the group to the next thread that is free; a thread begins one group
   before it finishes the last. In a cluster `cluster` hands it to the next worker of a node, where the way is the same.
3. `run.tasks.JudgePrograms` has the question planned, once (`plan.planning`): what the program is asked for every test,
   and what the answer is compared with.
4. `run.worker` sends the programs, with the calls and without any expected value, to a sandbox of its own.
5. `run.kept_sandbox` starts that sandbox when it is missing (`launch`), and replaces it when it breaks. `sandbox` is
   the host's end of its socket.
6. Inside, `guest.zygote` forks a child per program; `guest.child` executes the program and reports the values of its
   calls.
7. `run.program_run` reads the report, and says at which test a fresh child has to go on.
8. `run.comparing` compares the values: on the host, or in another sandbox that no program enters.
9. `run.tasks` makes the verdict of the outcomes, and `run.verdict_stream` yields it for every job that it answers.

Tests that values cannot decide leave the way at step 8: `run.proxied_tests` runs them in a process of their own, which
asks the program's process; `run.scripts` runs programs with standard input and output. A program that takes long is
postponed at step 7, and goes the whole way again, alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType

from acecoder_dagster.judge.run.verdict_stream import VerdictStream
from acecoder_dagster.judge.run.workers import LocalWorkers, Workers
from acecoder_dagster.judge.settings import ClusterSettings, SandboxSettings
from acecoder_dagster.judge.types import NodeSpeed, Observation, ProgramJob, Verdict


class Judge:
    """Judges programs in sandboxes; use it as a context manager.

    A number of workers judge at the same time, on this machine or on the nodes of a cluster. Each has sandboxes of its
    own, which are started when they are first needed and kept until `close`. All methods may be called from several
    threads.
    """

    def __init__(self, settings: SandboxSettings | None = None, cluster: ClusterSettings | None = None) -> None:
        """Find a way to start sandboxes.

        Args:
            settings: where and how to judge; the defaults suit one machine.
            cluster: the machines that judge; this one, where it is left out or names no address.

        Raises:
            SandboxUnavailableError: there is no way; the message says what to install.
            OtherSandboxError: the nodes of the cluster are not alike.
        """
        self.settings = settings or SandboxSettings()
        self._workers = _open_workers(self.settings, cluster)

    @property
    def launcher_name(self) -> str:
        """What starts the sandboxes: service, docker, bubblewrap or bundled bubblewrap, and on how many nodes."""
        return self._workers.name

    @property
    def sandbox_identity(self) -> tuple[str, ...]:
        """The kind of sandbox, and what programs see in it: an image, or an interpreter and packages."""
        return self._workers.identity

    @property
    def workers(self) -> int:
        """How many programs are judged at the same time. In a cluster it changes as nodes come and go."""
        return self._workers.size

    def take_node_speeds(self) -> list[NodeSpeed]:
        """Return what each node of a cluster did since this was asked last; nothing where there is no cluster."""
        return self._workers.take_speeds()

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sandboxes at once, and return when nothing of them is left on this machine."""
        self._workers.close()

    def judge(self, jobs: Iterable[ProgramJob]) -> Iterator[Verdict]:
        """Judge programs.

        Jobs are read when they are needed, and only those under way are kept, so there may be millions. Consecutive
        jobs of one question share its preparation. A program that occurs twice with the same question is judged once.
        A program that takes long is judged again when nothing else waits, so that it holds up no other.

        Args:
            jobs: programs with their questions.

        Yields:
            One verdict per job, as soon as it is known: not in the order of the jobs.

        Raises:
            SandboxUnavailableError: sandboxes cannot be started any more.
            JudgeClosedError: another thread closed this judge.
        """
        yield from VerdictStream(self._workers).verdicts(jobs)

    def observe(self, program: str, setup_code: str, calls: Sequence[str]) -> list[Observation]:
        """Evaluate calls on one program, to learn what it returns.

        Args:
            program: Python source.
            setup_code: executed after the program.
            calls: expressions, evaluated in this order in one namespace, as in `["f(1)", "f([2])"]`.

        Returns:
            One observation per call.

        Raises:
            SandboxUnavailableError: sandboxes cannot be started any more.
            JudgeClosedError: another thread closed this judge.
        """
        return self._workers.observe_calls(program, setup_code, calls).result()


def _open_workers(settings: SandboxSettings, cluster: ClusterSettings | None) -> Workers:
    if cluster is None or cluster.address is None:
        return LocalWorkers(settings)
    # Ray, which this needs, is an extra.
    from acecoder_dagster.judge.cluster import ClusterWorkers

    return ClusterWorkers(settings, cluster.address)
