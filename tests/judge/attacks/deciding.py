"""Attacks on how other forms of tests are decided: a program, and tests of which it must pass none that is sealed."""

_CLAIM = r"""
import os
def claim(text):
    for index in range(4): os.write(3, b"%d V [%b]\n" % (index, text))
"""

DECIDING = {
    "set of numbers that collide, compared elsewhere": (
        # Written as text: computing it here would use up the program's own time.
        _CLAIM + "claim(b'{\"set\": [' + b','.join(b'%d' % (i * ((1 << 61) - 1)) for i in range(40_000)) + b']}')\n"
        "def solve(n): return None",
        ("assert sorted(solve(1)) == [1]", "assert sum(solve(2)) == 1"),
    ),
    "sequence that is only large when it is read": (
        "def solve(n): return range(10**15)",
        ("assert sorted(solve(1)) == [1]", "assert set(solve(1)) == {1}", "assert sum(solve(1)) == 5"),
    ),
    "numbers that are large when they are multiplied": (
        "def solve(n): return 1 << 1_000_000",
        ("assert solve(1) ** solve(2) == 5", "assert str(solve(1)) == '5'", "assert solve(1) * 'a' == ''"),
    ),
    "nesting beyond what is compared": (
        "def solve(n):\n    x = 2\n    for _ in range(120): x = [x]\n    return x",
        ("assert solve(1) == " + "[" * 120 + "1" + "]" * 120,),
    ),
    "code as a value": (
        "def solve(n): return \"__import__('os').write(3, b'0 P []\\\\n1 P []\\\\n2 P []\\\\n3 P []\\\\n') and 0\"",
        ("assert eval(solve(1)) == 83177", "assert int(solve(2)) == 1", "exec(solve(1))\nassert solve(1) == 83177"),
    ),
    "format as a value": (
        "def solve(n): return '{0.__class__.__init__.__globals__} %s {0}'",
        ("assert solve(1).format(7) == '7 8'", "assert solve(2) % 7 == '7 8'"),
    ),
    "name of an attribute as a value": (
        "def solve(n): return '__class__'",
        ("assert getattr(5, solve(1)) == 7", "assert solve(2) in {'a': 1}"),
    ),
    "pattern as a value": (
        "def solve(n): return '(a+)+$'",
        ("import re\nassert re.match(solve(1), 'a' * 40 + 'b')", "import re\nassert re.sub(solve(1), '', 'ab') == 'c'"),
    ),
    "expected value among the arguments' makers": (
        "def solve(n): return data()['out'] if 'data' in globals() else None",
        ("def data():\n    return {'in': 1, 'out': 83177}\nassert solve(data()['in']) == data()['out']",),
    ),
    "method that is asked whether it is right": (
        "class Sly:\n    def equals(self, other): return True\n    def __eq__(self, other): return True\n"
        "def solve(n): return Sly()",
        ("assert solve(1).equals(83177)", "assert solve(1).equals(83177) is True"),
    ),
}
