"""One self-contained page about a run: figures reached, pictures of every case, what was skipped and why."""
