"""剔除与申诉: the lists of pleas, their rows, and deciding one in its row."""
