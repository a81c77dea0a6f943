"""The cascade: find the cord, box it, segment inside, put back. Outside the box the image is zero."""
