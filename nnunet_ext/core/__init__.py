"""What every other part stands on: errors, verified files, geometry, targets, provenance."""
