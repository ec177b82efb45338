"""A GGUF file becomes a folder that has the file's weights, special tokens and chat template."""

import json
from pathlib import Path

import gguf
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.gguf_files import convert_gguf
from tests.chat_tokenizers import chat_tokenizer
from tests.tiny_model import SIZES

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
CHAT = [{"role": "user", "content": "def f(v):"}]


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(**SIZES | {"vocab_size": len(chat_tokenizer("SmolLM2", ["def f(v):"]))})
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def words() -> PreTrainedTokenizerBase:
    return chat_tokenizer("SmolLM2", ["def f(v):"])


@pytest.fixture(scope="module")
def file(model: LlamaForCausalLM, words: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama as llama.cpp's converter writes it: two heads' halves interleaved, tokens by their ids."""
    path = tmp_path_factory.mktemp("gguf") / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    config = model.config
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    written = json.loads(words.backend_tokenizer.to_str())
    tokens = sorted(words.get_vocab(), key=words.get_vocab().get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    control = {token["content"] for token in written["added_tokens"]}
    writer.add_token_types([gguf.TokenType.CONTROL if token in control else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in written["model"]["merges"]])
    writer.add_bos_token_id(words.bos_token_id)
    writer.add_eos_token_id(words.eos_token_id)
    writer.add_pad_token_id(words.pad_token_id)
    writer.add_unk_token_id(words.convert_tokens_to_ids("<|endoftext|>"))
    writer.add_chat_template(words.chat_template)
    for name, weight in model.state_dict().items():
        if name != "lm_head.weight":
            writer.add_tensor(_name(name), _as_written(name, weight, config).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _name(name: str) -> str:
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if name in whole:
        return whole[name]
    _, _, layer, *part, kind = name.split(".")
    return f"blk.{layer}.{NAMES['.'.join(part)]}.{kind}"


def _as_written(name: str, weight: torch.Tensor, config: LlamaConfig) -> torch.Tensor:
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return weight
    return weight.view(heads, 2, -1, weight.shape[-1]).transpose(1, 2).reshape(weight.shape)


@pytest.fixture(scope="module")
def converted(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted") / "model"
    convert_gguf(file, folder)
    return folder


def test_the_folder_is_a_plain_model_with_the_weights_of_the_file(converted: Path, model: LlamaForCausalLM) -> None:
    loaded = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32)
    ids = torch.arange(40)[None]
    with torch.no_grad():
        assert torch.allclose(loaded(ids).logits, model(ids).logits, atol=0.05)
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight.bfloat16().float()), name
    assert "quantization_config" not in json.loads((converted / "config.json").read_text())


def test_start_end_padding_and_chat_template_are_those_of_the_file(converted: Path, words) -> None:
    loaded = AutoTokenizer.from_pretrained(converted)
    special = (loaded.bos_token, loaded.eos_token, loaded.pad_token, loaded.unk_token)
    assert special == ("<|im_start|>", "<|im_end|>", "<|im_end|>", "<|endoftext|>")
    assert loaded.apply_chat_template(CHAT) == words.apply_chat_template(CHAT)
    assert loaded("def f(v):\n    return v")["input_ids"] == words("def f(v):\n    return v")["input_ids"]
    ends = json.loads((converted / "generation_config.json").read_text())
    assert (ends["eos_token_id"], ends["pad_token_id"]) == (words.eos_token_id, words.pad_token_id)


def test_a_damaged_file_is_named_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "half.gguf"
    damaged.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ModelLoadError, match=r"half\.gguf cannot be read"):
        convert_gguf(damaged, tmp_path / "model")
    text = tmp_path / "text.gguf"
    text.write_text("no model")
    with pytest.raises(ModelLoadError, match=r"text\.gguf cannot be read"):
        convert_gguf(text, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.gguf", "text.gguf"]


def test_a_folder_with_files_is_left_as_it_is(file: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelLoadError, match="has files in it"):
        convert_gguf(file, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
