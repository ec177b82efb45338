"""The test policies: which candidate tests are kept."""

from typing import Literal

TestPolicy = Literal["reference", "paper", "released", "agreement", "trusted"]
"""How the verdicts of oracle programs decide.

reference: a trusted program; what it fails goes.
paper: one greedy program of a strong model stands for the truth (section 3.1); what it fails goes.
released: the same as the released code does it (`EvaluateInferencedCode.py`): what follows a hang fails too, so does
    every test of a program with one of the forbidden words in it, and every test after the 64th. Of several programs
    one that passes is enough (`consolidate_dataset.py`).
agreement: several programs of one or more models; a test is kept where they make its expected value probable, set
    aside where they contest it (`choosing.agreement`).
trusted: nothing is judged; for tests that their publisher filtered.
"""
