"""Cases that a rater corrects in the browser: what is shown, what is saved, and the server on the loopback address."""
