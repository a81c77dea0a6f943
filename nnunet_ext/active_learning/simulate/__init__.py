"""The correction loop with known labels in the place of people, for many strategies and seeds."""
