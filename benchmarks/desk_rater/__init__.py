"""A scripted rater at the desk: what it sees, what it decides, what its hand does, and what that costs."""
