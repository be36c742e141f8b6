"""A benchmark: contestants that are timed in turns (`contest`), what they are timed on (`subjects`), and ours beside
what a user would write or pick: a step of training (`steps`), attacks (`attacking`), misses between examples
(`between`), images that stay encoded (`streams`)."""
