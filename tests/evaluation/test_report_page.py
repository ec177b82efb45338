"""The report as a page: what it says, and how it looks in a real browser at two widths, light and dark."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from acecoder_dagster.evaluation.report_page import report_page
from tests.browser import chromium
from tests.evaluation.report_figures import FIGURES, NOTHING, RUNS

SECTIONS = (
    "stages",
    "rejections",
    "pass-rates",
    "reward",
    "best-of-n",
    "policies",
    "curves",
    "cost",
    "over-time",
    "unsealed",
)

CONTRASTS = """() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = parts(colour).map(c => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if ((parts(colour)[3] ?? 1) > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const seen = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
    return [...document.querySelectorAll('body *')]
        .filter(each => seen(each) && [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
        .map(each => {
            const style = getComputedStyle(each);
            const ink = each instanceof SVGElement ? style.fill : style.color;
            const [high, low] = [light(ink), light(behind(each))].sort((a, b) => b - a);
            return [each.textContent.trim().slice(0, 40), (high + 0.05) / (low + 0.05)];
        });
}"""
"""Every text that is seen, with the contrast to what is behind it (WCAG 2)."""


class Words(HTMLParser):
    """The texts of each section, joined by spaces, and every address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.addresses: list[str] = []
        self._in = "top"
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "section":
            self._in = given["id"]
        self._hidden = tag in {"style", "title"}
        self.addresses += [given[name] for name in ("href", "src", "xlink:href", "srcset", "action") if name in given]

    def handle_data(self, data):
        if not self._hidden and data.strip():
            self.sections[self._in] = f"{self.sections.get(self._in, '')} {' '.join(data.split())}".strip()


@pytest.fixture(scope="module")
def page():
    return report_page(FIGURES)


@pytest.fixture(scope="module")
def words(page):
    return Words(page).sections


def test_every_section_is_there_in_the_order_of_the_data(words):
    assert tuple(name for name in words if name != "top") == SECTIONS


def test_the_headlines_are_the_figures_that_matter_most(words):
    assert "Questions 1,500 with 8,000 tests that were kept" in words["top"]
    assert "Programs executed 4,000" in words["top"]
    assert "Time of all stages 2.2 h" in words["top"]
    assert "Solved (pass@1) 75.0% held-out questions by policy rule; before training 50.0%" in words["top"]
    assert "Best of 8 62.5% solved when the reward model chooses; any program: 50.0%" in words["top"]
    assert "The newest rows are of 28 November 2026, 02:30 UTC" in words["top"]


def test_the_funnel_says_what_each_stage_took_kept_and_rejected(page, words):
    assert (
        "Questions questions Coding questions, each answered by one function. 2,000 1,500 500 75.0%" in words["stages"]
    )
    assert "9,000 8,000 1,000 88.9%" in words["stages"]
    assert '<span style="width:75.00%"></span><span class="rest" style="left:75.00%;width:25.00%">' in page
    assert "reward model" not in words["stages"]


def test_rejections_say_the_reason_its_meaning_and_an_example(words):
    assert "Questions reason rows rejected for example" in words["rejections"]
    assert "no tests The list of tests is empty. 450 questions <b>no</b> list" in words["rejections"]
    assert "no question 50 questions -" in words["rejections"]


def test_pass_rates_stand_by_source_by_model_and_by_difficulty_with_intervals(words):
    assert "Exercises base policy 50.0% (48.0 to 52.0) 61.0% 900 4,000" in words["pass-rates"]
    assert "policy rule 75.0% (70.0 to 80.0) 83.0% 80 1,280" in words["pass-rates"]
    assert "Hard policy rule 25.0% 42.0% 7 112" in words["pass-rates"]
    assert "4 sampled programs; 2 of them pass every test" in words["pass-rates"]


def test_of_many_models_those_with_most_programs_are_shown_and_the_rest_is_said():
    many = pl.concat([RUNS.pass_rates[:1].with_columns(model=pl.lit(f"m{n}"), programs=100 - n) for n in range(20)])

    shown = Words(report_page(replace(FIGURES, runs=replace(RUNS, pass_rates=many)))).sections["pass-rates"]

    assert " m11 " in shown
    assert " m12 " not in shown
    assert "The 12 of 20 models with most programs." in shown


def test_the_reward_is_set_against_the_truth(words):
    assert "0.4 to 0.6 0.0% (0.0 to 0.0) 1 1" in words["reward"]
    assert "Rank correlations over 2 programs: score with tests passed -1.00" in words["reward"]
    assert "The right program has the score 1.00; a wrong one, with 50% of the tests passed, 2.50" in words["reward"]
    assert "def f(): return '```'" in words["reward"]
    for drawn in ("Truth by score", "Scores of right and wrong programs", "Calibration", "Scores by length"):
        assert drawn in words["reward"]


def test_best_of_n_and_policies_have_gains_with_intervals(words):
    assert "highest reward-model score 62.5% (57.5 to 67.5) +12.5 points (+10.5 to +14.5) 80" in words["best-of-n"]
    assert "policy rule 75.0% (70.0 to 80.0) +25.0 points (+23.0 to +27.0) 80 1.2%" in words["policies"]
    # Rows of an older version do not say what is sealed.
    assert "base policy 50.0% (45.0 to 55.0) +0.0 points (-2.0 to +2.0) 80 -" in words["policies"]


def test_curves_of_training_and_validation_stand_in_one_drawing(page, words):
    assert "Policy rule: pass at 1 training, smoothed over raw validation" in words["curves"]
    assert "Reward model: loss training, smoothed over raw validation" in words["curves"]
    assert "Reward model: pair accuracy training, smoothed over raw" in words["curves"]
    section = page[page.index('<section id="curves">') : page.index('<section id="cost">')]
    assert section.count("<svg") == 3
    assert "validation" not in words["curves"].partition("Reward model: pair accuracy")[2].partition("Policy rule")[0]


def test_cost_says_time_programs_calls_tokens_and_money_of_what_took_long(words):
    assert "training of the reward model 2 h 1 min - - - 987,654 -" in words["cost"]
    assert "sampled programs 11 min 40 s - 1,234 56,000 - 1.50" in words["cost"]
    assert "test results 1 min 35 s 4,000" in words["cost"]
    assert "all 5 stages 2 h 14 min 4,000 1,234 56,000 987,654 1.50" in words["cost"]
    assert "2 stages that took less than a second are not listed" in words["cost"]


def test_what_moved_stands_over_time(words):
    assert "Programs that pass every test exercises, base policy exercises, gone" in words["over-time"]
    assert "28 November 2026 1 min 5 s 4 300 0 120 -" in words["over-time"]


def test_what_became_of_unsealed_passes_is_said(words):
    assert "Here it counts as a failure (setting tests.unsealed_passes = refuse)" in words["unsealed"]
    assert "reward model 2.50%" in words["unsealed"]


def test_what_is_missing_is_left_out_with_a_sentence():
    page = report_page(NOTHING)
    words = Words(page).sections

    assert tuple(name for name in words if name != "top") == SECTIONS
    assert "<svg" not in page
    assert "<table" not in page
    for section, told in {
        "stages": "No stage has taken a row yet.",
        "rejections": "No row was rejected.",
        "pass-rates": "No program has been judged yet.",
        "reward": "No program has a score yet.",
        "best-of-n": "Nothing has been chosen by a reward model yet.",
        "policies": "No policy has been measured yet.",
        "curves": "No training has left a curve.",
        "cost": "No stage has run yet.",
        "over-time": "a trend needs a second refresh",
        "unsealed": "No training here has seen passes.",
    }.items():
        assert told in words[section]


def test_the_page_asks_for_nothing_from_elsewhere(page):
    addresses = Words(page).addresses

    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "<script" not in page
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)
    # What is left names a language, and is not asked for.
    assert set(re.findall(r"https?://[^\"'< ]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_texts_of_others_are_shown_as_they_are_and_never_run(page):
    assert "&lt;b&gt;no&lt;/b&gt; list" in page
    assert "default-src 'none'" in page


def test_the_same_figures_give_the_same_page(page):
    assert report_page(FIGURES) == page


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_at_desktop_and_phone_width_all_is_seen_without_scrolling_sideways(browser, page, tmp_path, width, scheme):
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    asked = []
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        shown = context.new_page()
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(file.as_uri())

        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        contrasts = shown.evaluate(CONTRASTS)
        paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        narrow = shown.evaluate("""[...document.querySelectorAll('figure svg')].every(
            each => each.getBoundingClientRect().right <= innerWidth && each.getBoundingClientRect().width > 250)""")

    assert len(contrasts) > 200
    assert [text for text, contrast in contrasts if contrast < 4.5] == []
    assert narrow
    assert (sum(map(int, re.findall(r"\d+", paper))) > 600) == (scheme == "light")
    assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}
