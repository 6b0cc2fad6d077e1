"""The classes of matters that the platform starts from; PROVENANCE.md says what they rest on."""
