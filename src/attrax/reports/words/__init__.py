"""Numbers put into words and tables."""
