"""`nnunet_ext classify`: what kind of lesion it is."""
