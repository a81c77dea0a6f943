"""What a network sees in the lesion itself: a crop of fixed millimetres, DenseNet121, and where it looked."""
