"""What a made report is called and looked at by."""

import pytest

from analysis.questions import SHOWN
from tests.browser import CHROMIUM

# What a stranger may call things. The first two are the classes of the pair of images that is shown.
FIRST, SECOND = """<img src=x onerror="document.title='run'">""", "<!--<script>document.title='run'"
OTHERS = [
    "</script><svg onload=document.title='run'>",
    "*a* **b** _c_",
    "`d` [e](javascript:f) ![g](x)",
    "$h^2$",
    "a|b\u202e",
]
FIGURES = [name for name in SHOWN if not name.startswith("table-")]
MARKS = "# Title\n\n<!-- result:headline -->\n<!-- /result:headline -->\n\nBy hand.\n\n"
MARKS += "<!-- result:table-deck -->\nold\n<!-- /result:table-deck -->\n"
MARKS += "<!-- result:table-tabular -->\n<!-- /result:table-tabular -->\n"
MARKS += "<!-- result:example -->\n<!-- /result:example -->\n"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")
PLAY = "document.querySelector('.play')"
READY = f"""new Promise(ready => (function wait() {{
    {PLAY}.querySelector('output').textContent ? ready(true) : setTimeout(wait, 20) }})())"""
