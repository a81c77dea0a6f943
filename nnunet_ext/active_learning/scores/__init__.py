"""What a model is unsure of in each image of the pool, and where labels look wrong.

- Of one image: `cord_zone` says where to look; `region_entropy`, `bald`, `disagreement` and `class_entropy` how unsure
  the model is there; `lesion_size`, `foreground`, `domain_distance` and `alarms` what it found, in what kind of image.
- `score_case` runs a model on one image and puts them into a row, `score_pool` does so for many and resumes.
- `suspects` turns the question round, over labelled images: where a model that has not seen one is sure, and its label
  says otherwise.
"""
