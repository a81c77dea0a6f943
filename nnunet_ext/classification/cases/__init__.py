"""Who is to be classified: patients with diagnosis, images and lesion masks, and the folds that they are in."""
