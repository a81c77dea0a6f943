"""Segmenting one image after another: localise, box, segment inside, put back.

A run goes from top to bottom:

- `predict_all`: every case, a fault of one not stopping the others; `read_images`, `what_stands`, `write_case`,
  `case_files`, `prediction_table` are its files.
- `predict_case`: localise, box, segment, grow the box, `post_process` (rules in `post_processing`).
- `segmenter`: one model on one image, the `Segmentation` that stock nnU-Net would give: `cut_box`, `preprocess`,
  `sliding_window`, `resample_back`, `region_probabilities`.
- `network`: the networks of a `nnunet_model`, built by its `trainer`, run by one of the `engines` on a `device`.
"""
