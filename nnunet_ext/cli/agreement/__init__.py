"""`nnunet_ext agreement`: methods, or raters, compared on the same cases."""
