"""Tiny tokenizers whose special tokens and chat templates are those of well-known families of models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Family:
    """What sets the tokenizers of a family of models apart.

    Attributes:
        end: Token that ends a turn and an answer; the family's tokenizers have it as end of texts.
        start: Token that they put in front of every text; None where they put none.
        pad: Token for padding, as their files have it.
        bos: Token that their files call the start, whether or not it is put in front of texts.
        others: Further special tokens.
        template: Chat template.
    """

    end: str
    start: str | None
    pad: str | None
    bos: str | None
    others: tuple[str, ...]
    template: str


_CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

FAMILIES = {
    "Qwen": Family(
        end="<|im_end|>",
        start=None,
        pad="<|endoftext|>",
        bos=None,
        others=("<|im_start|>",),
        template="{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}" + _CHATML,
    ),
    "Llama": Family(
        end="<|eot_id|>",
        start="<|begin_of_text|>",
        pad=None,
        bos="<|begin_of_text|>",
        others=("<|start_header_id|>", "<|end_header_id|>", "<|end_of_text|>"),
        template="{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + "
        "'<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    ),
    "Mistral": Family(
        end="</s>",
        start="<s>",
        pad=None,
        bos="<s>",
        others=("[INST]", "[/INST]"),
        template="{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ '[INST]' + message['content'] + '[/INST]' }}{% else %}{{ message['content'] + eos_token }}{% endif %}"
        "{% endfor %}",
    ),
    "SmolLM2": Family(
        end="<|im_end|>",
        start=None,
        pad="<|im_end|>",
        bos="<|im_start|>",
        others=("<|endoftext|>",),
        template="{% if messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are a helpful AI assistant<|im_end|>\n' }}{% endif %}" + _CHATML,
    ),
    "Gemma": Family(
        end="<eos>",
        start="<bos>",
        pad="<pad>",
        bos="<bos>",
        others=("<start_of_turn>", "<end_of_turn>"),
        template="{{ bos_token }}{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' "
        "else message['role'] %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
    ),
}


def chat_tokenizer(name: str, texts: Sequence[str] = (), vocabulary_size: int = 300) -> "PreTrainedTokenizerFast":
    """Return a byte-level tokenizer of a family whose further words are learnt from texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    family = FAMILIES[name]
    special = list(dict.fromkeys(each for each in (family.pad, family.end, family.bos, *family.others) if each))
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(texts, trainer)
    if family.start:
        words.post_processor = processors.TemplateProcessing(
            single=f"{family.start} $A", special_tokens=[(family.start, words.token_to_id(family.start))]
        )
    made = PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token=family.pad,
        eos_token=family.end,
        bos_token=family.bos,
        extra_special_tokens=list(family.others),
    )
    made.chat_template = family.template
    return made
