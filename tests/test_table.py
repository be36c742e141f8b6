"""What a table looks like."""

import io

import pandas as pd

from analysis.sentences import code
from analysis.table import Table


def test_a_table_as_text_page_and_file():
    frame = pd.DataFrame({"a|b": ["1 < 2", "x|y"], "c": ["", "3"]})
    notes = [f"Made by {code('python x.py')}."]
    table = Table(frame, notes, bold=frozenset({(1, "c")}), title="A & B")
    expected = "| a\\|b | c |\n|---|---|\n| 1 < 2 |  |\n| x\\|y | **3** |\n\nMade by `python x.py`.\n"
    assert table.to_markdown() == expected
    page = table.to_html()
    assert page == table.to_html() == table._repr_html_()
    assert "1 &lt; 2" in page
    assert "A &amp; B" in page
    assert "<code>python x.py</code>" in page
    assert page.count("font-weight: bold") == 1
    assert "color" not in page
    assert page.startswith('<div class="table numbers" tabindex=0 role=region aria-label="A &amp; B">')
    assert '<td class="short" data-column="a|b">1 &lt; 2</td><td class="none" data-column="c"></td>' in page
    assert page.endswith("<p>Made by <code>python x.py</code>.</p></div>")
    assert pd.read_csv(io.StringIO(table.csv()), dtype="str").fillna("").equals(frame)
