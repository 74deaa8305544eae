"""The boards, one file each with a constant BOARD; the boards of kinds are made in `kind_board`."""
