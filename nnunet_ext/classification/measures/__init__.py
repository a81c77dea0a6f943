"""A patient's lesions in numbers that a clinician can question: one row a patient, each column with its meaning."""
