"""Reading what the verbs left, for the pages."""
