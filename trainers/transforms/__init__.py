"""Augmentation for what spine MRI suffers from, as batchgeneratorsv2 transforms.

Each draws all its chance in `get_parameters`, with the generators that batchgeneratorsv2 draws from, so that nnU-Net's
seeding holds for it too. Images are z-scored, (channel, x, y, z) or (channel, x, y); axes are counted without the
channel.
"""
