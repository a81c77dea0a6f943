"""A trained classifier: its folder, its probabilities down the tree, and what it says of a patient."""
