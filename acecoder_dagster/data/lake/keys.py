"""Ids of rows are hashes of their text; content keys are hashes of everything that a result depends on."""

import hashlib
import json

from acecoder_dagster.python_source import NO_TREE, bare_source

ID_LENGTH = 16
"""Hexadecimal digits of an id, 64 bits: among 10 million rows two share an id with a chance of 3 in a million."""


def text_id(*fields: str) -> str:
    """Return the id of a row: a hash of the named fields, in order.

    The tables name the fields that are hashed in the description of their id column.
    """
    digest = hashlib.sha256()
    for field in fields:
        encoded = field.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()[:ID_LENGTH]


def syntax_hash(program: str) -> str:
    """Return a hash that is the same for programs that differ only in comments, docstrings or layout.

    It is the hash of the syntax tree, or of the text where the program does not parse.
    """
    try:
        return text_id(bare_source(program))
    except NO_TREE:
        return text_id(program)


def content_key(**parts: object) -> str:
    """Return the key of a result. Equal keys mean equal inputs, and so the same result.

    Args:
        parts: everything that the result depends on: code version, settings, keys of the inputs, models.
    """
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:ID_LENGTH]
