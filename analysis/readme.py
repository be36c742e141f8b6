"""What README shows of the results: text between marks, made anew from the records."""

import re
from collections.abc import Mapping

from common.errors import UserError

MARKED = re.compile(r"(<!-- result:(?P<name>[a-z0-9-]+) -->\n)(?P<text>.*?)(<!-- /result:(?P=name) -->)", re.DOTALL)


def filled(readme: str, made: Mapping[str, str]) -> str:
    """README with each ``<!-- result:NAME --> … <!-- /result:NAME -->`` holding what was made under that name.

    raises UserError for a name that nothing is made under, and for a mark without its other half
    """
    for name in re.findall(r"<!-- result:(.*?) -->", readme):
        if name not in made:
            raise UserError(f"README.md: <!-- result:{name} -->: nothing has that name; there are {', '.join(made)}.")
    if len(MARKED.findall(readme)) != len(re.findall(r"<!-- /?result:", readme)) / 2:
        raise UserError("README.md: a <!-- result:NAME --> without its <!-- /result:NAME -->, or the other way round.")
    return MARKED.sub(lambda found: f"{found[1]}{made[found['name']].strip()}\n{found[4]}", readme)
