"""`acecoder eval`: what a model, finished programs or raw answers score on standard benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.options import ClusterOption, profile_names
from acecoder_dagster.cli.printing import (
    WideOption,
    errors,
    output,
    print_frame,
    print_line,
    print_warning,
    progress_bar,
    show_all_columns,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acecoder_dagster.evaluation.benchmarks import Evaluation, Model, RewardModels

SHOWN = 12


def benchmark_names() -> list[str]:
    """Return the shipped suites and benchmarks."""
    from acecoder_dagster.evaluation.benchmarks import protocol_addresses, suite_names

    return [*suite_names(), *protocol_addresses()]


SuiteOption = Annotated[
    str,
    typer.Option(help="Suite, PROTOCOL/BENCHMARK, or a protocol file of yours.", autocompletion=benchmark_names),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for answers, scores, results and what was judged.")
]
ModelArgument = Annotated[
    str | None, typer.Argument(help="Folder, hub id (owner/name@revision), or name at --endpoint.")
]
ProgramsOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Instead of a model, FILE or BENCHMARK=FILE: samples of evalplus, bigcodebench, LiveCodeBench, yours."
    ),
]
NOption = Annotated[
    int | None,
    typer.Option("--n", min=1, help="Answers of each task, drawn at the protocol's temperature; else greedy."),
]
RewardModelOption = Annotated[
    list[str] | None,
    typer.Option(help="Folder or hub id of a reward model that chooses among the answers of a task; repeatable."),
]
PromptOption = Annotated[
    str | None, typer.Option(help="Prompt template for reward models; else that of each one's training.")
]
EndpointOption = Annotated[
    str | None, typer.Option(help="Address of an OpenAI-compatible endpoint, up to and including /v1.")
]
TokenizerOption = Annotated[
    str | None, typer.Option(help="Folder or hub id that renders prompts for the endpoint; else it does itself.")
]
OwnProfileOption = Annotated[
    str | None,
    typer.Option(
        help="Profile or .toml file with settings in [sampling.engine], [questions.endpoint], [scoring].",
        autocompletion=profile_names,
    ),
]
LauncherOption = Annotated[
    str | None, typer.Option(help="What starts the sandboxes: auto, service, docker or bubblewrap; else auto.")
]


def evaluate(
    suite: SuiteOption,
    out: OutOption,
    model: ModelArgument = None,
    programs: ProgramsOption = None,
    data: Annotated[str, typer.Option(help="Folder with the benchmarks' files.")] = "hub",
    only: Annotated[str | None, typer.Option(help="Benchmarks of the suite, as he+,mbpp+; else all.")] = None,
    n: NOption = None,
    reward_model: RewardModelOption = None,
    prompt: PromptOption = None,
    endpoint: EndpointOption = None,
    tokenizer: TokenizerOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; else its own, or the first file's.")] = None,
    style: Annotated[str, typer.Option(help="What kind of model it is: chat, base or r1.")] = "chat",
    profile: OwnProfileOption = None,
    launcher: LauncherOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Programs at the same time; else one per core.")] = None,
    cluster: ClusterOption = None,
    wide: WideOption = False,
) -> None:
    """Score a model, or finished programs, on standard benchmarks.

    Stopped at any moment, it goes on where it was when started again. A key for the endpoint is read from
    OPENAI_API_KEY.
    """
    from acecoder_dagster.evaluation.benchmarks import evaluate_model, evaluate_programs, read_suite
    from acecoder_dagster.judge import ClusterSettings

    of_models: dict[str, object] = {"--n": n, "--endpoint": endpoint, "--tokenizer": tokenizer}
    _refuse_contradictions(model, programs, bool(reward_model), of_models)
    if prompt is not None and not reward_model:
        raise typer.BadParameter("--prompt: only with --reward-model")
    show_all_columns(wide)
    protocols = read_suite(suite, only.split(",") if only else ())
    sandbox = {key: value for key, value in (("launcher", launcher), ("workers", workers)) if value is not None}
    asked = None if model is None else _model(model, endpoint, tokenizer, profile)
    rewards = _reward_models(reward_model or (), prompt, profile)
    called = name or _called(model, programs or ())
    with progress_bar(errors, "eval") as told:

        def report(what: str, done: int, total: int) -> None:
            told(done, total, what)

        if asked is None:
            found = evaluate_programs(
                protocols,
                programs or (),
                data,
                out,
                name=called,
                style=style,
                reward_models=rewards,
                sandbox=sandbox,
                cluster=ClusterSettings(address=cluster),
                report=report,
            )
        else:
            found = evaluate_model(
                protocols,
                asked,
                data,
                out,
                name=called,
                style=style,
                n=n,
                reward_models=rewards,
                sandbox=sandbox,
                cluster=ClusterSettings(address=cluster),
                report=report,
            )
    _print(found, out)


def _refuse_contradictions(
    model: str | None, programs: list[str] | None, chooses: bool, of_models: dict[str, object]
) -> None:
    if (model is None) == (not programs):
        raise typer.BadParameter("name a model, or files of programs with --programs, and not both")
    given = [option for option, value in of_models.items() if value is not None]
    if programs and given:
        raise typer.BadParameter(f"{', '.join(given)}: only for a model, not for --programs")
    if model is not None and chooses and of_models["--n"] is None:
        raise typer.BadParameter("--reward-model: say with --n among how many answers it chooses")
    if of_models["--tokenizer"] is not None and of_models["--endpoint"] is None:
        raise typer.BadParameter("--tokenizer: only with --endpoint; a model here has its own")


def _model(model: str, endpoint: str | None, tokenizer: str | None, profile: str | None) -> Model:
    """Return the model that is asked, once all that it needs is there."""
    from acecoder_dagster.cli.models import ENGINES, need_libraries, need_model
    from acecoder_dagster.evaluation.benchmarks import LocalModel, ServedModel
    from acecoder_dagster.learning.sampling import EngineSettings
    from acecoder_dagster.questions.writing.endpoint import EndpointSettings
    from acecoder_dagster.settings import read_settings

    settings = None if profile is None else read_settings(profile)
    if endpoint is not None:
        if tokenizer is not None:
            need_libraries("--tokenizer")
            need_model(tokenizer)
        usual = EndpointSettings() if settings is None else settings.questions.endpoint
        return ServedModel(usual.model_copy(update={"base_url": endpoint, "model": model}), tokenizer)
    need_libraries("acecoder eval MODEL", also=ENGINES)
    need_model(model)
    return LocalModel(model, EngineSettings() if settings is None else settings.sampling.engine)


def _reward_models(addresses: Sequence[str], prompt: str | None, profile: str | None) -> RewardModels | None:
    """Return the reward models, once all that they need is there; None where there are none."""
    if not addresses:
        return None
    from acecoder_dagster.cli.models import need_libraries, need_model
    from acecoder_dagster.evaluation.benchmarks import RewardModels
    from acecoder_dagster.learning.sampling import template_text
    from acecoder_dagster.learning.training.settings import ScoringSettings
    from acecoder_dagster.settings import read_settings

    need_libraries("--reward-model")
    if prompt is not None:
        template_text(prompt)
    for address in addresses:
        need_model(address)
    scoring = ScoringSettings() if profile is None else read_settings(profile).scoring
    return RewardModels(addresses, scoring, prompt)


def _called(model: str | None, programs: Sequence[str]) -> str:
    from acecoder_dagster.evaluation.benchmark_settings import model_name

    if model is None:
        return Path(programs[0].rpartition("=")[2]).name.partition(".")[0]
    return model_name(model)


def _print(found: Evaluation, out: Path) -> None:
    print_frame(output, found.table, title="scores")
    for score in found.scores:
        title = score.protocol.title
        if score.tasks.is_as_published is False:
            print_warning(f"{title}: the data is not {score.protocol.data.version} as its publisher has it")
        _print_tasks(f"{title}: references that fail here", score.failing_references)
        _print_tasks(f"{title}: tasks without a program, which do not count", score.unanswered)
    for protocol in found.without_programs:
        print_warning(f"{protocol.title}: there are no programs for it")
    if found.best_of_n is not None:
        print_frame(output, found.best_of_n, title="best of N")
    for asked, tasks in found.unanswered.items():
        _print_tasks(f"{asked}: prompts that left no room for an answer, or were refused, and count as failed", tasks)
    print_line(output, f"{len(found.files)} files in {out}")


def _print_tasks(what: str, tasks: Sequence[str]) -> None:
    if tasks:
        more = f" and {len(tasks) - SHOWN:,} more" if len(tasks) > SHOWN else ""
        print_warning(f"{what}: {', '.join(tasks[:SHOWN])}{more}")
