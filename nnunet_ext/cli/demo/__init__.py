"""`nnunet_ext demo`: the whole job, from a BIDS folder to a page."""
