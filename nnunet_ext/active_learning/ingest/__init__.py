"""What people gave back, checked, compared with what they were given, and recorded."""
