"""`nnunet_ext inject`: synthetic lesions in real images."""
