"""Patients with one of four diseases of the cord that look alike: drawn with published figures, and overlapping."""
