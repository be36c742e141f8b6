"""Data sets: found (`sources`), read (`load`), cut and described (`dataset`). Nothing is imported here, so that
`sources` can say within two seconds that a set cannot be had."""
