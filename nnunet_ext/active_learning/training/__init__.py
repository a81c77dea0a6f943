"""What a round's corrections become: cases of a dataset, plans to train by, and what the new model is worth."""
