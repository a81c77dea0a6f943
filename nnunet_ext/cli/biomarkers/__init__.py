"""`nnunet_ext biomarkers`: lesions measured."""
