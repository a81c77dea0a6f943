"""What a lesion did to a cord, in millimetres: morphometry and tissue bridges, lesion by lesion.

The quantities are those of the Spinal Cord Toolbox's `sct_analyze_lesion`, by their published definitions; where those
are known to break, a corrected value stands in a column of its own. The flow: `find_cases` pairs files,
`measure_one` reads them (`read_masks`) and calls `measure_case`, `write_measures` and `biomarkers_dictionary` say what
was found.
"""
