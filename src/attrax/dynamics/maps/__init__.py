"""Autonomous maps: ReLU networks, which are linear in pieces, and smooth ones."""
