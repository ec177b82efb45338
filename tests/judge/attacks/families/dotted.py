"""Attacks on entry points that are methods, and on checkers that stand in the setup code."""

from tests.judge.attacks.families.attack import Attack, asserts

_TREE_SETUP = """
class TreeNode:
    def __init__(self, val=0, left=None, right=None): self.val, self.left, self.right = val, left, right
def tree_node(values):
    return TreeNode(values[0], *[tree_node([v]) for v in values[1:]]) if values else None
def is_same_tree(a, b):
    if a is None or b is None: return a is b
    return a.val == b.val and is_same_tree(a.left, b.left) and is_same_tree(a.right, b.right)
"""
_TREES = asserts(
    (
        "assert is_same_tree(Solution().flip(tree_node([83, 17, 7])), tree_node([83, 7, 17]))",
        "assert is_same_tree(Solution().flip(tree_node([1, 2, 3])), tree_node([1, 3, 2]))",
        "assert Solution().flip(tree_node([4, 5, 6])).left.val == 6",
    ),
    "Solution().flip",
    _TREE_SETUP,
)
_TREES_ANSWERED = """
class Solution:
    def flip(self, root):
        root.left, root.right = root.right, root.left
        return root
"""
_DOTTED_TESTS = asserts(
    (
        "assert Solution().f(1) == 83177",
        "assert Solution().f(2).isdisjoint({4, 7731})",
        "assert Solution().f(3) == kx()",
        "assert same(Solution().f(4), 5523)",
        "assert Solution().f(5).equals(9173)",
    ),
    "Solution().f",
    "def same(a, b): return a == b\ndef kx(): return 'kx81q'",
)
DOTTED = {
    "checker of the setup, replaced": Attack(
        "import builtins\nclass Solution:\n    def f(self, n):\n        global same\n"
        "        same = lambda a, b: True\n        return n\n"
        "def same(a, b): return True\nbuiltins.same = same",
        _DOTTED_TESTS,
    ),
    "result that agrees with everything": Attack(
        "class Yes:\n    def isdisjoint(self, other): return True\n    def equals(self, other): return True\n"
        "    def __eq__(self, other): return True\nclass Solution:\n    def f(self, n): return Yes()",
        _DOTTED_TESTS,
    ),
    "set that is disjoint with everything": Attack(
        "class Yes(set):\n    def isdisjoint(self, other): return True\nclass Solution:\n"
        "    def f(self, n): return Yes({4, 7731})",
        _DOTTED_TESTS,
    ),
    "text that equals everything": Attack(
        "class Yes(str):\n    def __eq__(self, other): return True\n"
        "class Solution:\n    def f(self, n): return Yes('no')",
        _DOTTED_TESTS,
    ),
    "tree that is compared by the program's own function": Attack(
        "def is_same_tree(a, b): return True\nclass Solution:\n    def flip(self, root): return root",
        _TREES,
        _TREES_ANSWERED,
    ),
    "class of the setup that remembers what is expected": Attack(
        """
import gc
class Solution:
    def flip(self, root):
        old = TreeNode.__init__
        def init(self, val=0, left=None, right=None):
            old(self, val, left, right)
            root.val, root.left, root.right = val, left, right
        TreeNode.__init__ = init
        return root
""",
        _TREES,
        _TREES_ANSWERED,
    ),
    "builder of the setup that remembers what is expected": Attack(
        "last = []\nclass Solution:\n    def flip(self, root):\n        return last[-1] if last else root\n"
        "def tree_node(values):\n    last.append(values)\n    return values",
        _TREES,
        _TREES_ANSWERED,
    ),
}
