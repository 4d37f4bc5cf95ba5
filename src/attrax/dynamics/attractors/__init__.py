"""Which attractors a map has, which orbits share one, and what becomes of each when the map changes."""
