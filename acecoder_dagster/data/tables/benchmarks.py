"""Tables of models on standard benchmarks, a partition for each model and benchmark."""

from acecoder_dagster.data.tables.table import FLAG, REAL, TEXT, WHOLE, Column, Table

_WHERE = (
    Column("model", TEXT, "Name of the model, as the settings have it"),
    Column("protocol", TEXT, "Protocol by which the model is asked and scored, as `paper`"),
    Column("benchmark", TEXT, "Benchmark, as `humaneval+`"),
    Column(
        "decoding",
        TEXT,
        "`score`: answers drawn as the protocol says for the score itself, mostly one greedy answer; `sampled`: as for "
        "best-of-N (setting benchmarks.n)",
    ),
)

BENCHMARK_PROGRAMS = Table(
    "benchmark_programs",
    "What models answered to the tasks of standard benchmarks, and the programs in it.",
    "program_id",
    (
        Column(
            "program_id",
            TEXT,
            "Hash of protocol, benchmark, task_id, model, model_revision, sample_index and program",
        ),
        *_WHERE,
        Column("task_id", TEXT, "Task, by its publisher's id"),
        Column("sample_index", WHOLE, "Number of the answer among those of its task, from 0"),
        Column("model_revision", TEXT, "Revision or content of the model, or content key of a model trained here"),
        Column("style", TEXT, "What kind of model it was asked as: chat, base or r1"),
        Column("temperature", REAL, "Sampling temperature; 0 is greedy"),
        Column("top_p", REAL, "Share of probability that was drawn from"),
        Column("prompt", TEXT, "Prompt, as the model read it"),
        Column("answer", TEXT, "The model's answer; empty where the prompt left no room for one"),
        Column("solution", TEXT, "Program in the answer, by the protocol's extraction"),
        Column("program", TEXT, "Program that is judged: the solution, perhaps with the task's own start before it"),
        Column("finish_reason", TEXT, "stop, length, or too_long where the prompt left no room"),
        Column("prompt_tokens", WHOLE, "Tokens of the prompt"),
        Column("completion_tokens", WHOLE, "Tokens of the answer"),
    ),
)

BENCHMARK_RESULTS = Table(
    "benchmark_results",
    "Verdicts on benchmark_programs by the official tests of the benchmarks.",
    "program_id",
    (
        Column("program_id", TEXT, "Program judged"),
        *_WHERE,
        Column("task_id", TEXT, "Task, by its publisher's id"),
        Column("sample_index", WHOLE, "Number of the answer among those of its task, from 0"),
        Column("passed", FLAG, "Whether it passed all tests that the protocol counts"),
        Column("base_passed", FLAG, "EvalPlus: whether it passed the tests of the original benchmark", nullable=True),
        Column("verdict", TEXT, "passed, or the first outcome that is not"),
        Column("message", TEXT, "First error message, empty if none"),
        Column(
            "reference_passed",
            FLAG,
            "Whether the task's own reference program passes here; null where it has none",
            nullable=True,
        ),
        Column("difficulty", TEXT, "Difficulty of the task in its publisher's words", nullable=True),
        Column("data_revision", TEXT, "Hashes of the benchmark's files, or the hub's commit"),
    ),
)

BENCHMARK_REWARDS = Table(
    "benchmark_rewards",
    "Scores by reward models of what models answered to standard benchmarks.",
    "",
    (
        Column("program_id", TEXT, "Program scored, of benchmark_programs"),
        *_WHERE,
        Column("task_id", TEXT, "Task, by its publisher's id"),
        Column("reward_model", TEXT, "Name of the reward model"),
        Column(
            "score",
            REAL,
            "Its score, of which only differences within a task mean something; null where task and program are longer "
            "than scoring.max_tokens",
            nullable=True,
        ),
    ),
)

BENCHMARK_BEST_OF_N = Table(
    "benchmark_best_of_n",
    "Share of tasks of standard benchmarks solved when one of N answers is chosen, by who chooses.",
    "",
    (
        *_WHERE,
        Column("n", WHOLE, "Answers to choose from"),
        Column("method", TEXT, "average, oracle, or the name of a reward model"),
        Column("solved", REAL, "Share of tasks solved, over all ways to draw N of the answers"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by task)"),
        Column("high", REAL, "Upper end"),
        Column("gain", REAL, "solved minus that of `average`, paired by task"),
        Column("gain_low", REAL, "Lower end of its 95% interval"),
        Column("gain_high", REAL, "Upper end"),
        Column("questions", WHOLE, "Tasks counted: those with at least N answers"),
    ),
)

LEADERBOARD = Table(
    "leaderboard",
    "Scores of models on standard benchmarks.",
    "",
    (
        *_WHERE,
        Column("title", TEXT, "Benchmark and difficulty, for people"),
        Column("difficulty", TEXT, "Difficulty of the tasks that are counted; null where all are", nullable=True),
        Column("metric", TEXT, "pass@1, or pass@k where every task has k answers"),
        Column("solved", REAL, "Its value, 0 to 1"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by task); of pass@1 alone", nullable=True),
        Column("high", REAL, "Upper end", nullable=True),
        Column("tasks", WHOLE, "Tasks counted"),
        Column("programs", WHOLE, "Programs counted"),
        Column("references", WHOLE, "Tasks that have a reference program; null where none has", nullable=True),
        Column("references_passing", WHOLE, "Those whose reference passes here", nullable=True),
        Column(
            "solved_reference_passes",
            REAL,
            "Value over the tasks whose reference passes here; of pass@1 alone",
            nullable=True,
        ),
    ),
)
