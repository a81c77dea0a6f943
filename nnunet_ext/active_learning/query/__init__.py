"""Which images people are asked to correct, and why these."""
