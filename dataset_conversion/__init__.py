"""From BIDS folders to one nnU-Net dataset: scan, plan, write."""
