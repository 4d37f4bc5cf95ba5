"""The search for fixed points and cycles, stable or not."""
