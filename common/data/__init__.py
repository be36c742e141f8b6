"""Data sets: found (`sources`), read (`load`), described (`dataset`, `statistics`) and cut (`selection`). Nothing is
imported here, so that `sources` can say within two seconds that a set cannot be had."""
