"""What people said of the same patients."""
