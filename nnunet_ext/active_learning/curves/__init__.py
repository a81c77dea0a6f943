"""What a strategy is worth: learning curves over the budget, their areas, and paired tests between them."""
