"""What people are given to correct, in a form that their own programs open."""
