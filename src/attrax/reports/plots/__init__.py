"""Figures that answer to the pointer, by plotly."""
