"""Orbits of many maps side by side, followed and measured."""
