"""Facts the platform starts from: limits, channels, a fictitious city, Beijing's real names.

Each folder's PROVENANCE.md says where its rows come from and under which licence.
"""
