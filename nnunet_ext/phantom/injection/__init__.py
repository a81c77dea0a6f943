"""Synthetic lesions in images that are not: where they lie in a real cord, how bright they are, how blurred."""
