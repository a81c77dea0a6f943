"""`nnunet_ext convert`: BIDS folders to one nnU-Net raw dataset."""
