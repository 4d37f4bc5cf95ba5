"""Study files that ship with attrax."""
