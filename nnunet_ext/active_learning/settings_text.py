"""The text of `active.toml`, in which each key stands below what it means to a person."""

import json
from collections.abc import Mapping
from string import Template
from typing import Any, Final

_TEMPLATE: Final = Template("""\
# Settings of a correction loop, for nnunet_ext active. Edit the values as you like: each verb reads them anew, and what
# was done already stays as it was. Which patients are tested on is no setting: init has frozen that.

# What is segmented: the name of a target (cord-lesion, cord, ...), or a TOML file.
target = $target

# The labelled dataset, by its name in nnUNet_raw, to which corrected cases are added. Empty: there is none yet.
dataset = $dataset

# The model that predicts the first round: a folder, a name below nnUNet_results, or the name of a shipped one.
model = $model

# The model that finds the cord for it. Empty: the one that belongs to it. "none": the whole image is predicted.
localizer = $localizer

# BIDS folders whose images may be asked for, each as NAME=FOLDER. Add more at any time: they are scanned by each query.
# A folder that does not begin with / starts at this file's.
pool = $pool

# Images in these folders of patients who are tested on can never be trained on.
# "refuse": stop, and name them. "skip": leave them out.
tested_in_pool = $tested_in_pool

# Cases that people are asked to look at in one round.
budget = $budget

# How they are chosen; nnunet_ext active query --help lists the ways.
strategy = $strategy

# The largest share of a round that may come from one site.
most_per_site = $most_per_site

# Of every draw: the same seed, the same cases.
seed = $seed

# Who corrects, by names of letters and digits, which become part of file names. Empty: one person.
raters = $raters

# true: every case goes to every rater, to measure how far they agree. false: each goes to one of them.
every_rater = $every_rater

# Corrected lesion voxels outside the cord: "refuse" the mask, "clip" them away, or "keep" them.
lesion_outside_cord = $lesion_outside_cord

# Of several raters of one case: "majority" of their votes, "staple", or "adjudicate": a list for people to decide.
consensus = $consensus

# "warm": a round goes on from the model before. "scratch": it trains a new one.
start = $start

# The trainer, without a number of epochs. Empty: nnUNetTrainerSCIActive or, from scratch, nnUNetTrainerSCI.
trainer = $trainer

# Epochs a round. 0: as many as the dataset's spine_plan.json says.
epochs = $epochs

# Which share of a round is chosen for what; together they are 1.
[shares]
# Doubt about the lesions.
lesion = $lesion
# Doubt about the cord.
cord = $cord
# By lot, among images in which the model sees something.
random = $random
# Images that look healthy, in which a model may see lesions that are none.
healthy = $healthy
""")


def settings_text(content: Mapping[str, Any]) -> str:
    """Write settings, plain values with those of `shares` in a mapping of their own, as TOML with its comments."""
    values = {**content, **content["shares"]}
    return _TEMPLATE.substitute({key: _toml(value) for key, value in values.items() if key != "shares"})


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting holds
    if isinstance(value, list | tuple):
        return "[" + "".join(f"\n    {_toml(item)}," for item in value) + ("\n]" if value else "]")
    return json.dumps(value, ensure_ascii=False)
