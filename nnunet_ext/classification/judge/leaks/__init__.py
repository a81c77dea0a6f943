"""What makes a test worthless, seen in its tables alone."""
