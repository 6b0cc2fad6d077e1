"""The views, one module per place of work."""
