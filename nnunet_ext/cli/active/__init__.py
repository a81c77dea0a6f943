"""`nnunet_ext active`: the correction loop."""
