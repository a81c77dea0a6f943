"""The shipped models, made again."""
