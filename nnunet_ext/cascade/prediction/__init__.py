"""Segmenting one image after another: localise, box, segment inside, put back.

A run goes from top to bottom:

- `predict_all`: every case, a fault of one not stopping the others; `read_case`, `finished_case`, `write_case`,
  `naming`, `case_files`, `sidecar`, `prediction_table` are its files.
- `predict_case`: localise, box, segment, grow the box, `post_process` (rules in `post_processing`, those of a target in
  `default_post_processing`, what lies in what in `regions`, other thresholds in `threshold_regions`).
- `segmenter`: one model on one image, the `Segmentation` that stock nnU-Net would give: `cut_box`, `preprocess` (axes
  in `frame`), `sliding_window`, `resample_back`, `region_probabilities`.
- `network`: the networks of a `nnunet_model`, built by its `trainer`, run by one of the `engines` on a `device`.
"""
