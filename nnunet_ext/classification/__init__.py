"""What kind of lesion is it: a patient's diagnosis down a tree of decisions, with what spoke for it."""
