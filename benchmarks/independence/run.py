"""Whether one program changes what another one gets: `python -m benchmarks.independence --data FOLDER`.

Real questions get state in their setup code: what their tests expect is taken out of an iterator or a list that the
setup makes, so that a comparison which another program began would find less. Programs that models wrote are judged
alone, together in shuffled orders, and beside hostile neighbours. The command fails, and names the programs, when any
outcome of any test changes.
"""

import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, SandboxSettings
from benchmarks.common.machine import describe_machine
from benchmarks.common.recorded import RecordedProgram, recorded_programs
from benchmarks.common.report import ReportPath, write_report
from benchmarks.judge.programs import split_call

REPORT = Path(__file__).with_name("results.md")
STATES = {
    "iterator": ("answers = iter([{values}])", "next(answers)"),
    "list that is emptied": ("answers = [{reversed}]", "answers.pop()"),
    "counter": ("step = -1\ndef answer():\n    global step\n    step += 1\n    return [{values}][step]", "answer()"),
}
NEIGHBOURS = {
    "raises": "def {name}(*args, **kwargs): raise ValueError(args)",
    "leaves": "import os\ndef {name}(*args, **kwargs): os._exit(0)",
    "empties": "def {name}(*args, **kwargs):\n    answers = globals().get('answers')\n"
    "    while answers: answers.pop() if hasattr(answers, 'pop') else next(answers)",
    "patches": "import builtins\nbuiltins.next = lambda *a: None\nlist = dict\ndef {name}(*args, **kwargs): return 0",
    "answers an object": "class Any:\n    def __eq__(self, other): return True\n"
    "def {name}(*args, **kwargs): return Any()",
    "fills in later": "held = []\ndef {name}(*args, **kwargs):\n    for each in held: each.extend(args)\n"
    "    held.append([])\n    return held[-1]",
}


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs and verdicts.")],
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    questions: Annotated[int, typer.Option(help="Questions to draw.")] = 200,
    programs: Annotated[int, typer.Option(help="At most so many programs of each outcome, per question.")] = 2,
    orders: Annotated[int, typer.Option(help="How often they are judged together.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the drawing and the shuffling.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Judge alone and together, compare, write the report."""
    chance = random.Random(seed)
    drawn = draw(recorded_programs(data), questions, programs, chance)
    lines = [
        "# Independence of verdicts",
        "",
        f"`python -m benchmarks.independence --data FOLDER`: {questions} questions with state in the setup code "
        f"({', '.join(STATES)} in turn), {sum(map(len, drawn)):,} programs that models wrote, seed {seed}; "
        f"{describe_machine()}.",
        "",
        f"Each program is judged alone; then all of a question together, in {orders} shuffled orders; then as often "
        f"with {len(NEIGHBOURS)} hostile programs between them ({', '.join(NEIGHBOURS)}).",
        "",
        "| launcher | programs | tests that passed alone | outcomes that changed together | beside hostile programs |",
        "|---|---|---|---|---|",
    ]
    changed: list[str] = []
    for name in launcher or ("docker", "bubblewrap"):
        alone: dict[str, Sequence[str]] = {}
        for place in track(range(max(map(len, drawn))), description=f"{name}, alone"):
            alone |= _outcomes(name, [question[place] for question in drawn if place < len(question)])
        together, beside = [], []
        for _ in track(range(orders), description=f"{name}, together"):
            together += _differing(alone, _outcomes(name, shuffled(drawn, chance)))
            beside += _differing(alone, _outcomes(name, among_hostile(drawn, chance)))
        changed += [f"{name}: {line}" for line in [*together, *beside]]
        passed = sum(outcome == "passed" for outcomes in alone.values() for outcome in outcomes)
        total = sum(map(len, alone.values()))
        lines.append(f"| {name} | {len(alone):,} | {passed:,} of {total:,} | {len(together)} | {len(beside)} |")
    lines += ["", "## What changed", "", *(f"- {line}" for line in changed or ["nothing"]), ""]
    write_report(report, lines)
    sys.exit(1 if changed else 0)


def draw(
    recorded: Iterable[RecordedProgram], questions: int, programs: int, chance: random.Random
) -> list[list[ProgramJob]]:
    """Draw questions whose tests can be given a state, and right and wrong programs of each."""
    by_question: dict[str, list[RecordedProgram]] = {}
    for each in recorded:
        by_question.setdefault(each.job.question.question_id, []).append(each)
    drawn: list[list[ProgramJob]] = []
    for question_id in chance.sample(sorted(by_question), len(by_question)):
        pool = by_question[question_id]
        question = with_state(pool[0].job.question, list(STATES)[len(drawn) % len(STATES)])
        if question is None:
            continue
        chosen = [each for right in (True, False) for each in pool if all(each.passed) is right][: 2 * programs]
        drawn.append([replace(each.job, question=question) for each in chosen])
        if len(drawn) == questions:
            break
    return drawn


def with_state(question: QuestionTests, state: str) -> QuestionTests | None:
    """Return a question whose tests take what they expect from a state; None where its tests are of another form."""
    calls = [split_call(test, question.entry_point) for test in question.tests]
    values = [call.expected for call in calls if call]
    if len(values) != len(calls) or not values:
        return None
    setup, taken = STATES[state]
    made = setup.format(values=", ".join(values), reversed=", ".join(reversed(values)))
    tests = [f"assert {question.entry_point}(*{call.arguments}) == {taken}" for call in calls if call]
    return replace(question, setup_code=f"{question.setup_code}\n{made}", tests=tuple(tests))


def shuffled(drawn: Sequence[Sequence[ProgramJob]], chance: random.Random) -> list[ProgramJob]:
    """Return all jobs, those of a question together, in a random order."""
    return [job for question in chance.sample(drawn, len(drawn)) for job in chance.sample(question, len(question))]


def among_hostile(drawn: Sequence[Sequence[ProgramJob]], chance: random.Random) -> list[ProgramJob]:
    """Return all jobs and hostile ones, whose ids are empty, between them; first a hostile one."""
    jobs = []
    for first, *others in chance.sample(drawn, len(drawn)):
        name = first.question.entry_point
        hostile = [replace(first, program_id="", program=text.replace("{name}", name)) for text in NEIGHBOURS.values()]
        chance.shuffle(hostile)
        mixed = [first, *others, *hostile[1:]]
        chance.shuffle(mixed)
        jobs += [hostile[0], *mixed]
    return jobs


def _outcomes(launcher: str, jobs: Sequence[ProgramJob]) -> dict[str, Sequence[str]]:
    with Judge(SandboxSettings.model_validate({"launcher": launcher})) as judge:
        return {verdict.program_id: verdict.outcomes for verdict in judge.judge(jobs) if verdict.program_id}


def _differing(alone: dict[str, Sequence[str]], found: dict[str, Sequence[str]]) -> list[str]:
    return [
        f"{program}: {outcomes}, alone {alone[program]}"
        for program, outcomes in found.items()
        if outcomes != alone[program]
    ]
