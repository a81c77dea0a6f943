"""`nnunet_ext predict`: images segmented."""
