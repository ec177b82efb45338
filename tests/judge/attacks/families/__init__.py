"""Attacks on questions of their own: no sealed test may credit the program, and each must credit the honest one.

To add one, add an entry to the module of its aim; its name says what it tries.
"""

from tests.judge.attacks.families.attack import Attack
from tests.judge.attacks.families.claiming import CLAIMING
from tests.judge.attacks.families.deferring import DEFERRING
from tests.judge.attacks.families.dotted import DOTTED
from tests.judge.attacks.families.driving import DRIVING
from tests.judge.attacks.families.imported import IMPORTED
from tests.judge.attacks.families.moving import MOVING
from tests.judge.attacks.families.peeking import PEEKING
from tests.judge.attacks.families.printing import PRINTING_WELL
from tests.judge.attacks.families.setups import SETUPS

ATTACKS = DEFERRING | PEEKING | CLAIMING | SETUPS | PRINTING_WELL | MOVING | DOTTED | DRIVING | IMPORTED

__all__ = ["ATTACKS", "Attack"]
