"""The pages that people look at, case by case."""
