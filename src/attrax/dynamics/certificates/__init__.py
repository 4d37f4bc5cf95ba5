"""Proofs that a fixed point or a cycle exists, is stable, and is reached."""
