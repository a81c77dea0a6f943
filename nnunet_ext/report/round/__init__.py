"""The page of a round of the correction loop, and the pages that raters get."""
