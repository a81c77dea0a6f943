"""`nnunet_ext classify`: what kind of lesion is it."""
