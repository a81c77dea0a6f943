"""What a simulation says: values against the budget, areas, intervals over seeds, and which differences count.

Nothing here draws, trains or prints; `curves.tsv` in, numbers and sentences out.
"""
