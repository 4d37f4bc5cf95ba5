"""Maps over a plane of inputs: every region of attractors as a polygon."""
