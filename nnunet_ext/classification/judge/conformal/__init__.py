"""Sets of diagnoses that hold the true one as often as was asked, and when to say nothing."""
