"""The arguments of `predict`."""

import argparse
from pathlib import Path
from typing import Final

from nnunet_ext.cascade.prediction.case_files import Naming
from nnunet_ext.cascade.prediction.engines import Engine
from nnunet_ext.cascade.prediction.post_processing import HALF, OutsideCord
from nnunet_ext.cli.finite_number import finite_number
from nnunet_ext.models.entry_names import FINAL

_EXAMPLES: Final = """\
examples:
  one image:           nnunet_ext predict -i sub-01_T2w.nii.gz -o predicted
  which models there are, and how good: nnunet_ext predict --list-models
  one of your own:     nnunet_ext predict -i sub-01_T2w.nii.gz -o predicted -m MODEL
  a BIDS folder:       nnunet_ext predict -i BIDS -o BIDS/derivatives/predicted -m MODEL --localizer LOCALIZER
  two of its patients: nnunet_ext predict -i BIDS -o OUT -m MODEL --participant-label 01 02 --suffix T2w
  nnU-Net's folder:    nnunet_ext predict -i imagesTs -o OUT -m MODEL --naming nnunet
  to correct by hand:  nnunet_ext predict -i BIDS -o OUT -m MODEL --naming neuropoly
    then               python manual_correction.py -config qc_fail.yml -path-img BIDS -path-label OUT/derivatives/labels
                         -suffix-files-seg _label-SC_seg -suffix-files-lesion _label-lesion_seg
  a cluster's array:   nnunet_ext predict -i BIDS -o OUT -m MODEL -num_parts 10 -part_id $ID --continue_prediction

MODEL is cord or cord-lesion, which come with nnunet_ext, a trained model's folder, or its name below nnUNet_results:
  Dataset501_CordLesion/nnUNetTrainerSCI__nnUNetPlans__3d_fullres
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    _add_models(parser)
    _add_inputs(parser)
    _add_outputs(parser)
    _add_post_processing(parser)
    _add_run(parser)


def _add_models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("models").add_argument
    add(
        "-m", "--model", dest="model", default="", metavar="MODEL",
        help="segments (default: those that come with nnunet_ext: the cord of cord, with the lesions of cord-lesion in "
        "contrasts that it was trained for)",
    )  # fmt: skip
    add(
        "--localizer", default="", metavar="MODEL",
        help="finds the cord, with the first of its folds: only a box around it is then segmented; none for the whole "
        "image (default: cord-localizer for a model that comes with nnunet_ext, none for others)",
    )  # fmt: skip
    add("--list-models", action="store_true", help="say which models come with nnunet_ext, and predict nothing")
    add("-f", dest="folds", nargs="+", default=[], metavar="FOLD", help="folds of the model (default: all finished)")
    add("-chk", dest="checkpoint", default=FINAL, metavar="NAME", help="its checkpoints")
    add(
        "--margins-file", type=Path, metavar="JSON",
        help="margins of the box in mm, with the six keys of crop_metadata.json (default: those that the model was "
        "trained with)",
    )  # fmt: skip


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("input").add_argument
    add(
        "-i", dest="inputs", nargs="+", type=Path, default=[], metavar="IN",
        help="files, a folder with CASE_0000.nii.gz, or a BIDS folder; for a model of several channels the "
        "files of one case, in their order (no default)",
    )  # fmt: skip
    add(
        "--participant-label",
        nargs="+",
        default=[],
        metavar="LABEL",
        help="only these subjects of a BIDS folder (default: all)",
    )
    add("--session-label", nargs="+", default=[], metavar="LABEL", help="only these sessions (default: all)")
    add("--suffix", "--contrast", nargs="+", default=[], metavar="T2w", help="only these contrasts (default: all)")
    add(
        "--missing-channel", choices=("error", "zero"), default="error",
        help="a case that lacks an image of a channel is refused (error) or predicted with zeros (zero)",
    )  # fmt: skip


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("output").add_argument
    add("-o", dest="out", type=Path, metavar="OUT", help="folder for masks, sidecars and a table (no default)")
    add(
        "--naming", choices=[str(way) for way in Naming], default=str(Naming.BIDS),
        help="BIDS derivatives, derivatives/labels as the labs have them, or nnU-Net's one map a case",
    )  # fmt: skip
    add(
        "--save_probabilities", action="store_true",
        help="an image of each region's probability, too; with --naming nnunet also the files that nnUNetv2_ensemble "
        "reads",
    )  # fmt: skip
    add("--disagreement", action="store_true", help="an image of the folds' standard deviation for each region, too")
    add("--centreline", "--centerline", action="store_true", help="the cord's smooth middle as CSV and image, too")
    add(
        "--continue_prediction", action="store_true",
        help="keep cases whose files are whole and were made by the same models and settings from the same images, and "
        "cases of which a mask was corrected by hand",
    )  # fmt: skip
    add(
        "--force", action="store_true",
        help="replace predictions in OUT that were made by other models or settings, which is refused otherwise; a "
        "case of which a mask was corrected by hand, or drawn by somebody else, is kept as it stands and named: to "
        "have it predicted anew, move its masks away",
    )  # fmt: skip


def _add_post_processing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "post-processing", "by default that of Lemay et al. for a model of tumours, and none for others"
    )
    add = group.add_argument
    add(
        "--model-postprocessing", action=argparse.BooleanOptionalAction, default=True,
        help="what nnU-Net found to help the model, where its folder has a postprocessing.pkl (default)",
    )  # fmt: skip
    add("--threshold", type=finite_number, metavar="P", help=f"probability above which a voxel counts (default {HALF})")
    add("--largest-cord", action=argparse.BooleanOptionalAction, default=None, help="keep the largest tube of the cord")
    add(
        "--outside-cord", choices=[str(way) for way in OutsideCord],
        help="lesions outside the cord: keep them, keep and warn, or remove them (default: warn)",
    )  # fmt: skip
    add(
        "--smallest",
        nargs="+",
        default=[],
        metavar="REGION=MM3",
        help="remove smaller components; 0 for none (default: as above)",
    )
    add("--fill-holes", nargs="+", metavar="REGION", help="fill holes of these regions, or none (default: as above)")


def _add_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("run").add_argument
    add(
        "-device", "--device", default="auto", metavar="DEVICE",
        help="cpu, cuda, cuda:1 or mps (default: the best there is)",
    )  # fmt: skip
    add(
        "--engine", choices=[str(engine) for engine in Engine], default=str(Engine.TORCH),
        help="what computes the network; openvino and bf16 are faster on some CPUs",
    )  # fmt: skip
    add("--disable_tta", action="store_true", help="no mirroring: faster by the number of mirrored views")
    add("-step_size", type=finite_number, default=0.5, metavar="SHARE", help="of a tile between two tiles")
    add("-num_parts", type=int, default=1, metavar="N", help="predict every N-th case only ...")
    add("-part_id", type=int, default=0, metavar="I", help="... from the I-th, counted from 0")
    add(
        "-npp",
        "-nps",
        dest="processes",
        type=int,
        metavar="N",
        help="taken from nnU-Net's command, and not needed (default: 1)",
    )
    add("--json", action="store_true", help="answer in JSON")
