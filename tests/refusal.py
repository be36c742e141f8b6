"""How tests look at what is refused: one sentence or paragraph, with all that must be named."""

from collections.abc import Callable

import pytest

from common.errors import UserError


def refused(call: Callable[[], object], *words: object) -> str:
    """The message of the UserError that ``call`` raises: one paragraph that holds every one of ``words``."""
    with pytest.raises(UserError) as caught:
        call()
    message = str(caught.value)
    assert [word for word in words if str(word) not in message] == [], message
    assert "\n\n" not in message
    return message
