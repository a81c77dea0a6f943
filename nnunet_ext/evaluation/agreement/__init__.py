"""Whether two sets of measurements of the same patients agree, and whether they differ."""
