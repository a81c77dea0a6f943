"""The page with the 3-D viewer."""
