"""From BIDS datasets to nnU-Net's raw format, in three steps.

Scan, names and tables only: `source`, `walk`, `participants`, by a `profile` (`class_profile`, `image_filter`) that is
asked for or which `recognise` finds; `scan` puts that together.

Plan, each image included or skipped with its reason: `group_channels`, `find_label`, `plan_labels`, then `selection`
(`file_lists`, `split_file`), `people` (`people_by_name`, `same_images`) and `draw_sets` (`splits`); `plan` puts that
together, `plan_file` keeps it.

Write, case by case: `read_channels` (`register`), `read_on_grid` (`resample`), `raters`, `quality`; `convert_case` puts
that together, `convert_all` runs them and knows what an interrupted run had finished; `ledger`, `cases_table` and
`quality_table` say what became of each, and `finish` gives the dataset its name. `write` makes one from nothing;
`grow` adds to one that is `existing`, and converts anew what has changed.
"""
