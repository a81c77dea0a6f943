"""What predictions are worth where the truth is known: every table of a paper, and what makes it worthless."""
