"""What a model is unsure of in each image of the pool, and where labels look wrong."""
