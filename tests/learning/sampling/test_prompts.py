"""Prompts from template files."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.learning.sampling import PromptError, prompt_templates, render_prompts

QUESTIONS = pl.DataFrame(
    {
        "question_id": ["q1", "q2"],
        "question": ["v is a list: return {entry_point} of {it}", "add one"],
        "entry_point": ["f", "plus_one"],
    }
)

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Tokenizer folders: one with a chat template, one without."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token="<|end|>")
    tokenizer.save_pretrained(folder / "plain")
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder / "chat")
    return folder / "chat", folder / "plain"


def test_a_question_without_entry_point_is_not_told_of_one(models: tuple[Path, Path]) -> None:
    questions = QUESTIONS.with_columns(entry_point=pl.Series(["", "plus_one"]))
    script, function = render_prompts("evalplus", questions, str(models[0]))["prompt"]
    assert "The function is called" not in script
    assert "The function is called `plus_one`." in function


def test_a_plain_template_needs_no_model_and_leaves_braces_of_questions_alone() -> None:
    prompts = render_prompts("plain", QUESTIONS, None)
    assert prompts.to_dicts() == [
        {"question_id": "q1", "prompt": "# v is a list: return {entry_point} of {it}\n"},
        {"question_id": "q2", "prompt": "# add one\n"},
    ]


def test_a_chat_template_names_the_function_and_leaves_the_assistants_turn_open(models: tuple[Path, Path]) -> None:
    prompt = render_prompts("evalplus", QUESTIONS, str(models[0]))["prompt"][1]
    assert prompt.startswith("<|user|>Please provide a self-contained Python script")
    assert "add one" in prompt
    assert "`plus_one`" in prompt
    assert prompt.endswith(
        "<|end|><|assistant|>Below is a Python script with a self-contained function that solves the problem and "
        "passes corresponding tests:\n```python\n"
    )


def test_an_unknown_template_is_refused_with_the_list_of_those_there_are() -> None:
    assert {"plain", "evalplus"} <= set(prompt_templates())
    with pytest.raises(PromptError, match=r"'nosuch'; there are evalplus, plain"):
        render_prompts("nosuch", QUESTIONS, None)


def test_a_chat_for_a_model_without_chat_template_is_refused(models: tuple[Path, Path]) -> None:
    with pytest.raises(PromptError, match="it has no chat template; use a plain prompt template"):
        render_prompts("evalplus", QUESTIONS, str(models[1]))


def test_a_chat_for_a_model_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"Cannot load a tokenizer from .*nosuch"):
        render_prompts("evalplus", QUESTIONS, str(tmp_path / "nosuch"))


def test_a_chat_without_a_model_is_refused() -> None:
    with pytest.raises(PromptError, match="only a named model can render"):
        render_prompts("evalplus", QUESTIONS, None)


def test_rendering_prompts_loads_no_torch() -> None:
    script = "import sys, acecoder_dagster.learning.sampling; sys.exit('torch' in sys.modules or 'vllm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
