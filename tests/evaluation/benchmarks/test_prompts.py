"""Prompts of benchmarks, letter by letter as evalplus 0.3.1, bigcodebench 0.2.5 and LiveCodeBench write them."""

import pytest

from acecoder_dagster.evaluation.benchmarks import BenchmarkError, read_protocol
from acecoder_dagster.evaluation.benchmarks.prompts import is_chat, plain_prompt, render_prompts
from acecoder_dagster.evaluation.benchmarks.reading import READERS
from tests.evaluation.benchmarks.made_data import BIGCODEBENCH, EVALPLUS, LIVECODEBENCH

ASK = "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
BEGIN = (
    "Below is a Python script with a self-contained function that solves the problem and passes corresponding tests:\n"
    "```python\n"
)
TEMPLATES = {
    "plain": "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}",
    # Llama's cuts blanks around each turn.
    "cutting": "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models")
    for name, template in TEMPLATES.items():
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE()), eos_token="</>")
        tokenizer.chat_template = template
        tokenizer.save_pretrained(folder / name)
    return folder


def task_of(protocol, row):
    return READERS[protocol.data.format](row, protocol.data.variant)


def rendered(address, style, row, model):
    protocol = read_protocol(address)
    return render_prompts(protocol.styles[style], [task_of(protocol, row)], str(model))[0]


@pytest.mark.parametrize("row", EVALPLUS)
def test_evalplus_asks_a_chat_model_and_begins_its_answer(models, row):
    problem = f"```\n{row['prompt'].strip()}\n```\n"

    prompt = rendered("upstream/humaneval+", "chat", row, models / "plain")
    assert prompt == f"<user>{ASK}{problem}</><assistant>{BEGIN}"
    prompt = rendered("paper/humaneval+", "chat", row, models / "plain")
    assert prompt == f"<user>{ASK}{problem}    </><assistant>{BEGIN}"


def test_a_template_that_cuts_blanks_leaves_the_line_break_behind_the_fence(models):
    prompt = rendered("upstream/humaneval", "chat", EVALPLUS[0], models / "cutting")

    assert prompt.endswith(f"```</><assistant>{BEGIN}")


@pytest.mark.parametrize("row", EVALPLUS)
def test_a_base_model_reads_the_problem_itself(row):
    protocol = read_protocol("upstream/humaneval+")

    assert plain_prompt(protocol.styles["base"], task_of(protocol, row)) == row["prompt"].strip() + "\n"


def test_bigcodebench_has_a_fence_around_complete_and_none_around_instruct(models):
    (row, _) = BIGCODEBENCH
    complete = rendered("upstream/bigcodebench-complete", "chat", row, models / "plain")
    instruct = rendered("paper/bigcodebench-instruct", "chat", row, models / "plain")

    assert complete == f"<user>{ASK}```\n{row['complete_prompt'].strip()}\n```\n</><assistant>{BEGIN}"
    assert instruct == f"<user>{ASK}{row['instruct_prompt'].strip()}\n</><assistant>{BEGIN}"
    protocol = read_protocol("bigcodebench-complete")
    assert plain_prompt(protocol.styles["base"], task_of(protocol, row)) == row["complete_prompt"]
    assert "base" not in read_protocol("bigcodebench-instruct").styles


def test_an_r1_model_thinks_before_it_answers(models):
    prompt = rendered("humaneval", "r1", EVALPLUS[0], models / "plain")

    assert prompt.startswith("<system>A conversation between User and Assistant.")
    assert prompt.endswith("```\n</><assistant>")


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


def test_livecodebench_upstream_is_a_chat_of_system_and_user(models):
    prompt = rendered("upstream/livecodebench-v5", "chat", LIVECODEBENCH[0], models / "plain")

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
