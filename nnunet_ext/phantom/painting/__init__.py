"""Images painted from tissue maps, new ones every time: what a network learns from that never saw a patient.

Arrays are in the order in which nnU-Net holds images of axes LAS: upwards, forwards, leftwards.
"""
