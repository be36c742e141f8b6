"""What stands between README's marks."""

import html
import re

import mistune
import pytest

from analysis import readme
from common.errors import UserError
from tests.report.names import FIRST, MARKS, SECOND


def test_marks_are_filled_once_and_the_rest_stays():
    made = {"headline": "a *b*\n\n", "table-deck": "| x |", "table-tabular": "", "example": "", "cost": "unused"}
    filled = readme.filled(MARKS, made)
    assert filled == (
        "# Title\n\n<!-- result:headline -->\na *b*\n<!-- /result:headline -->\n\nBy hand.\n\n"
        "<!-- result:table-deck -->\n| x |\n<!-- /result:table-deck -->\n"
        "<!-- result:table-tabular -->\n\n<!-- /result:table-tabular -->\n"
        "<!-- result:example -->\n\n<!-- /result:example -->\n"
    )
    assert readme.filled(filled, made) == filled


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("<!-- result:nothing -->\n<!-- /result:nothing -->\n", "result:nothing -->: nothing has that name"),
        ("<!-- result:headline -->\nno end\n", "without its"),
        ("<!-- /result:headline -->\n", "without its"),
        ("<!-- result:headline -->\n<!-- /result:cost -->\n", "without its"),
    ],
)
def test_a_mark_that_is_wrong_is_named(text, named):
    with pytest.raises(UserError, match=re.escape(named)):
        readme.filled(text, {"headline": "", "cost": ""})


def test_names_in_readme_are_no_marks(made):
    """As GitHub reads it, which passes HTML on."""
    shown = (made / "README.md").read_text()
    page = str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(shown))
    assert not re.findall(r"<(?:img src=\"x|svg|b|script|a href=\"(?!results))", page)
    text = html.unescape(re.sub("<[^>]*>", "", page))
    for name in (FIRST, SECOND):
        assert name in text
