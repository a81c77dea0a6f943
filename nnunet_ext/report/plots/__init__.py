"""Statistical figures, from plain values to SVG or PNG bytes."""
