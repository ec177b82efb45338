"""Prompts of benchmarks, letter by letter as evalplus 0.3.1, bigcodebench 0.2.5 and LiveCodeBench write them."""

import pytest

from acecoder_dagster.evaluation.benchmarks import BenchmarkError, read_protocol
from acecoder_dagster.evaluation.benchmarks.prompts import (
    chat_messages,
    is_chat,
    open_turn,
    plain_prompt,
    render_prompts,
)
from acecoder_dagster.evaluation.benchmarks.reading import READERS
from acecoder_dagster.learning.sampling.prompts import render_chats
from tests.evaluation.benchmarks.made_data import BIGCODEBENCH, EVALPLUS, LIVECODEBENCH

ASK = "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
BEGIN = (
    "Below is a Python script with a self-contained function that solves the problem and passes corresponding tests:\n"
    "```python\n"
)
CHATS = {
    "evalplus 0": ("upstream/humaneval+", "chat", EVALPLUS[0]),
    "evalplus 1": ("upstream/mbpp+", "chat", EVALPLUS[1]),
    "paper 0": ("paper/humaneval+", "chat", EVALPLUS[0]),
    "paper 1": ("paper/mbpp", "chat", EVALPLUS[1]),
    "complete": ("upstream/bigcodebench-complete", "chat", BIGCODEBENCH[0]),
    "instruct": ("paper/bigcodebench-instruct-hard", "chat", BIGCODEBENCH[0]),
    "thinking": ("paper/humaneval", "r1", EVALPLUS[0]),
    "livecodebench": ("upstream/livecodebench-v5", "chat", LIVECODEBENCH[0]),
}


def saved_tokenizer(folder, template):
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE()), eos_token="</>")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """The prompts of CHATS, rendered together: each process that renders takes seconds to start."""
    template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    model = saved_tokenizer(tmp_path_factory.mktemp("model"), template)
    chats = []
    for address, style, row in CHATS.values():
        protocol = read_protocol(address)
        chats.append(chat_messages(protocol.styles[style], task_of(protocol, row)))
    return dict(zip(CHATS, map(open_turn, render_chats("made", chats, model)), strict=True))


def task_of(protocol, row):
    return READERS[protocol.data.format](row, protocol.data.variant)


@pytest.mark.parametrize(("number", "row"), enumerate(EVALPLUS))
def test_evalplus_asks_a_chat_model_and_begins_its_answer(rendered, number, row):
    problem = f"```\n{row['prompt'].strip()}\n```\n"

    assert rendered[f"evalplus {number}"] == f"<user>{ASK}{problem}</><assistant>{BEGIN}"
    assert rendered[f"paper {number}"] == f"<user>{ASK}{problem}    </><assistant>{BEGIN}"


def test_a_template_that_cuts_blanks_leaves_the_line_break_behind_the_fence(tmp_path):
    model = saved_tokenizer(tmp_path, "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}")
    protocol = read_protocol("upstream/humaneval")

    (prompt,) = render_prompts(protocol.styles["chat"], [task_of(protocol, EVALPLUS[0])], model)

    assert prompt.endswith(f"```</><assistant>{BEGIN}")


@pytest.mark.parametrize("row", EVALPLUS)
def test_a_base_model_reads_the_problem_itself(row):
    protocol = read_protocol("upstream/humaneval+")

    assert plain_prompt(protocol.styles["base"], task_of(protocol, row)) == row["prompt"].strip() + "\n"


def test_bigcodebench_has_a_fence_around_complete_and_none_around_instruct(rendered):
    (row, _) = BIGCODEBENCH

    problem = f"```\n{row['complete_prompt'].strip()}\n```\n"
    assert rendered["complete"] == f"<user>{ASK}{problem}</><assistant>{BEGIN}"
    assert rendered["instruct"] == f"<user>{ASK}{row['instruct_prompt'].strip()}\n</><assistant>{BEGIN}"
    protocol = read_protocol("bigcodebench-complete")
    assert plain_prompt(protocol.styles["base"], task_of(protocol, row)) == row["complete_prompt"]
    assert "base" not in read_protocol("bigcodebench-instruct").styles


def test_an_r1_model_thinks_before_it_answers(rendered):
    assert rendered["thinking"].startswith("<system>A conversation between User and Assistant.")
    assert rendered["thinking"].endswith("```</><assistant>")


def test_livecodebench_shows_starter_code_where_there_is_some():
    protocol = read_protocol("livecodebench-v4")
    script, function = (plain_prompt(protocol.styles["chat"], task_of(protocol, row)) for row in LIVECODEBENCH[1:])

    assert script.startswith(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n\nYou will be"
    )
    assert "\n\nQuestion: Print the sum of two numbers.\n\nRead the inputs from stdin" in script
    assert script.endswith("```python\n# YOUR CODE HERE\n```\n\n<|im_end|>\n<|im_start|>assistant\n")
    starter = LIVECODEBENCH[2]["starter_code"]
    assert function.endswith(f"```python\n{starter}\n```\n\n<|im_end|>\n<|im_start|>assistant\n")


def test_livecodebench_upstream_is_a_chat_of_system_and_user(rendered):
    prompt = rendered["livecodebench"]

    assert prompt.startswith("<system>You are an expert Python programmer. You will be given")
    assert "<user>### Question:\nPrint the sum of two numbers.\n\n### Format: Read the inputs" in prompt
    assert prompt.endswith("```\n\n### Answer: (use the provided format with backticks)\n\n</><assistant>")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{prompt}{answer}", r"a prompt begins with a section, and has either \[text\] or \[user\]"),
        ("[text]\n{prompt}\n", "must stand where the model goes on"),
        ("[user]\n{prompt}\n[assistant]\nHere:\n", "must stand where the model goes on"),
    ],
)
def test_a_wrong_prompt_file_is_refused(tmp_path, text, message):
    (tmp_path / "ask.txt").write_text(text)
    path = tmp_path / "mine.toml"
    path.write_text('extends = "paper/humaneval"\n[styles.chat]\nprompt = "ask.txt"\n')

    with pytest.raises(BenchmarkError, match=message):
        is_chat(read_protocol(str(path)).styles["chat"])


def test_a_prompt_that_is_not_there_is_refused_with_those_that_are():
    style = read_protocol("humaneval").styles["chat"].model_copy(update={"prompt": "nosuch.txt"})
    with pytest.raises(BenchmarkError, match=r"cannot be read.*shipped are base.txt"):
        is_chat(style)
