"""`nnunet_ext info`: what is here, what is amiss, and its cure."""
