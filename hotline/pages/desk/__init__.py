"""派单台: what waits at the dispatch desk, and doing it from the row."""
