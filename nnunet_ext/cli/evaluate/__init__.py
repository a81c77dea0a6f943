"""`nnunet_ext evaluate`: predictions scored against references."""
