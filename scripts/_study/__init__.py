"""A study: as a user writes it (`file`), what it consists of (`members`), what of it is there (`standing`), what the
rest costs (`forecast`), who does it (`crew`), and how it shows (`display`). Nothing here imports torch, unless a set of
the user's own must be looked at."""
