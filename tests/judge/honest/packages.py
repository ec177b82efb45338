"""Honest programs that give values of installed packages: these travel by value too."""

PACKAGES = {
    "frames of pandas": (
        """
import numpy as np, pandas as pd
def solve(rows): return pd.DataFrame(rows, columns=['name', 'value'])
def totals(rows): return solve(rows).groupby('name')['value'].sum()
def when(): return pd.date_range('2024-01-01', periods=3, freq='D', tz='Europe/Berlin')
def mixed():
    return pd.DataFrame({'c': pd.Categorical(['u', 'v']), 'n': pd.array([1, None], dtype='Int64'), 'o': [[1], None],
        't': pd.to_datetime(['2024-01-01', None]), 's': pd.array(['x', None], dtype='string')})
def masked(): return np.ma.masked_array([1.0, 2.0], mask=[False, True])
def objects(): return np.array([None, 'a', 1], dtype=object)
""",
        [
            "import pandas as pd\nassert solve([('a', 1)]).equals(pd.DataFrame({'name': ['a'], 'value': [1]}))",
            "assert totals([('b', 1), ('a', 2), ('b', 3)]).to_dict() == {'a': 2, 'b': 4}",
            "assert (totals([('b', 1)]) >= 1).all() and list(totals([('b', 1)]).index) == ['b']",
            "import pandas as pd\npd.testing.assert_index_equal(when(), "
            "pd.date_range('2024-01-01', periods=3, freq='D', tz='Europe/Berlin'))",
            "import pandas as pd\nframe = mixed()\nassert isinstance(frame, pd.DataFrame) and frame.shape == (2, 5)\n"
            "assert frame['n'].isna().tolist() == [False, True] and frame['o'][0] == [1]\n"
            "assert str(frame.dtypes['c']) == 'category' and frame['t'][0] == pd.Timestamp('2024-01-01')",
            "assert masked().sum() == 1.0 and masked().mask.tolist() == [False, True]",
            "assert objects().tolist() == [None, 'a', 1]",
        ],
    ),
    "axes of matplotlib": (
        """
import matplotlib.pyplot as plt
def solve(values):
    _, axes = plt.subplots()
    axes.plot(values)
    axes.set_title('values')
    return axes
def again(values):
    plt.plot(values)
    return plt.gca()
""",
        [
            "import matplotlib.pyplot as plt\naxes = solve([1, 2])\nassert isinstance(axes, plt.Axes)\n"
            "assert axes.get_title() == 'values' and axes.lines[0].get_ydata().tolist() == [1, 2]",
            "import matplotlib.pyplot as plt\nplt.close('all')\nassert len(again([1]).lines) == 1\nplt.close('all')\n"
            "assert len(again([2]).lines) == 1",
        ],
    ),
    "exceptions of packages": (
        """
import json, statistics
def solve(text): return json.loads(text)
def middle(values): return statistics.mean(values)
""",
        [
            "import json\ntry:\n    solve('{')\nexcept json.JSONDecodeError as error:\n"
            "    assert 'Expecting' in str(error)\nelse:\n    assert False",
            "import statistics\ntry:\n    middle([])\nexcept statistics.StatisticsError:\n    pass\n"
            "else:\n    assert False",
        ],
    ),
}
