"""Names that a stranger chose, shown: nothing in them is taken for Markdown, HTML or an order to the terminal."""

import html
import re

import mistune
import pytest

from analysis.collect import collect
from analysis.sentences import code, many, named, to_html, to_markdown, to_text
from analysis.typed import again
from common import records
from common.terminal import say, visible
from tests import fixtures

NAMES = [
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "</script><script>alert(1)</script>",
    "*a* **b**",
    "_x_ __y__ a_b_c",
    "`c` ``d``",
    "[l](javascript:alert(1))",
    "![p](http://x.y/z.png)",
    "[r]: http://a",
    "a|b|c",
    "$x^2$ $$y$$",
    "~~s~~",
    "# h",
    "- l",
    "1. n",
    "> q",
    "---",
    "[ ] t",
    "&lt; &amp; &#60;b&#62;",
    "\\* \\` \\",
    "http://a.b www.a.b <http://a.b>",
    "\"quoted\" 'single'",
    "line\nfeed",
    "title\x1b]0;evil\x07",
    "\u202egnp.exe",
    "\ue000forged\ue001",
    "half \udce9",
    "${content} {0} %s",
]
PLUGINS = ["table", "strikethrough", "url", "footnotes", "task_lists", "def_list", "math"]
to_page = mistune.create_markdown(escape=False, plugins=PLUGINS)


def read(page):
    return " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_is(name):
    name = named(name)
    for around, tags in (
        ("{}", {"p"}),
        ("**A title.** {} and more", {"p", "strong"}),
        ("*{}*", {"p", "em"}),
        ("| {} | b |\n|---|---|\n| {} | d |\n", {"table", "thead", "tbody", "tr", "th", "td"}),
    ):
        page = to_page(around.format(*[to_markdown(name)] * 2))
        assert set(re.findall(r"<(\w+)", page)) == tags
        assert " ".join(name.split()) in read(page)
    page = to_page(to_markdown(f"Made by {code(name)}."))
    assert set(re.findall(r"<(\w+)", page)) == {"p", "code"}
    assert read(page) == read(to_html(f"Made by {code(name)}.")) == " ".join(f"Made by {name}.".split())
    assert to_text(code(name)) == f"`{name}`"


def test_what_is_no_mark_stays_as_it_is():
    text = "spoken_digits-1000: +0.71 points [−3.77, +5.19] (n = 3), .1 < p < .9, ERM & mixup α=0.3; 12. of #3 - all"
    assert to_markdown(text) == text


@pytest.mark.parametrize(
    "character", [chr(number) for number in (*range(32), *range(127, 160)) if chr(number) not in "\n\t"]
)
def test_no_control_character_reaches_the_terminal(capsys, character):
    say(f"a{character}]0;b\tc\nd")
    say(f"e{character}f", error=True)
    out, err = capsys.readouterr()
    assert out == f"a{visible(character)}]0;b\tc\nd\n"
    assert err == f"e{visible(character)}f\n"
    assert character not in visible(character)


def test_a_strangers_record_runs_nothing_where_its_command_is_pasted(tmp_path):
    run = fixtures.train(tmp_path)
    record = records.read(run)
    for command, shown in (
        ("scripts/train.py --seed 0; curl $(evil)\nrm x", "scripts/train.py --seed '0;' curl '$(evil)\\nrm' x"),
        ("-c import\x1b", "# no script of ours: python -c 'import\\x1b'"),
        ("scripts/train.py --seed 0", "scripts/train.py --seed 0"),
    ):
        record["environment"]["command"] = command
        records.write(run, record)
        (found,) = collect(tmp_path).records.values()
        assert shown in again(tmp_path, found)


def test_one_of_a_thing_has_no_plural():
    assert [many(n, "pair") for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
