"""From folders of images and lesion masks to patients with measures and crops, and to a trained classifier."""
