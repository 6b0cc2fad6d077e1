"""领导台: what waits for a leader's own decision this morning."""
