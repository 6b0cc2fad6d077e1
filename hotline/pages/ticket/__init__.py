"""What the ticket page shows: facts read once, then told in words."""
