"""`nnunet_ext crop-dataset`: the dataset of the cascade's second stage."""
