"""How alike two pieces of code or text are: what is compared (`tokens`), and finding neighbours fast (`neighbours`).

Belongs here: tokens, n-grams, MinHash. Does not belong here: what follows from likeness (`seeding` removes
near-duplicates, `decontamination` rejects what comes from benchmarks), Dagster.
"""

from acecoder_dagster.questions.similarity.neighbours import Neighbours, jaccard
from acecoder_dagster.questions.similarity.tokens import canonical_tokens, code_tokens, ngrams, word_tokens

__all__ = ["Neighbours", "canonical_tokens", "code_tokens", "jaccard", "ngrams", "word_tokens"]
