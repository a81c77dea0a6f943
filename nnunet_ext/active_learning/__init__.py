"""The correction loop: what people should look at next, their corrections taken in, and what those were worth."""
