"""A simulated city: messages arrive, and everybody concerned acts through the same services as
people do, at simulated times. Nothing here writes a ticket by itself."""
