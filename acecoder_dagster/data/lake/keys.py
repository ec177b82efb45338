"""Stable identities: row ids from the hashed text, content keys from everything a result depends on."""

import hashlib
import json

from acecoder_dagster.python_source import NO_TREE, bare_source

ID_LENGTH = 16
"""Hexadecimal digits of an id: 64 bits, a collision among 10 million rows has a chance of 3 in a million."""


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
    """Return a hash that programs share which differ in comments, docstrings or layout alone.

    It is that of the syntax tree; of the text where there is no tree.
    """
    try:
        return text_id(bare_source(program))
    except NO_TREE:
        return text_id(program)


def content_key(**parts: object) -> str:
    """Return the key of a result: equal keys mean the result would be computed from equal inputs.

    Pass everything the result depends on: code version, settings, keys of the inputs, models.
    """
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:ID_LENGTH]
