"""The assessment scheme that a new deployment starts with; PROVENANCE.md says what it rests on."""
