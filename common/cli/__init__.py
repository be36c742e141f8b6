"""The command line: from words and a file to options (`reading`), and from an error to one sentence and an exit status
(`ending`)."""

from common.cli.ending import run
from common.cli.reading import NO, YES, answer, from_mapping, parse, takes_several

__all__ = ["NO", "YES", "answer", "from_mapping", "parse", "run", "takes_several"]
