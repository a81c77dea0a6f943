"""A dataset of ours as one thing: which files it consists of, and whether what was derived from it still holds.

`description` names the tables and records that stand beside the images, and copies them whole. `digests` knows every
image and label map by its content; `fingerprint` puts all of that into one value, which what is derived carries.
`folds` tells folds that were derived from those that a person edited, in nnU-Net's copy of them, too.
"""
