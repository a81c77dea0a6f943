"""What kind of lesion it is, with the evidence beside the answer."""
