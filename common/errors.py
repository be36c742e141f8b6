"""What a user can cause ends with one sentence, no traceback, and a status: 2, or 3 for a loss that diverged."""


class UserError(Exception):
    """Something the user can mend. The message is one clear sentence or short paragraph that names the option or
    file that is wrong, and the way out."""

    status = 2


class DivergedError(UserError):
    """A loss that is no longer finite: not a mistake in the command, but no run to go on with either."""

    status = 3


class UnfinishedError(UserError):
    """Some of what was asked for has failed, and the rest is done."""

    status = 1
