"""Writes two rows of 7 floats: odd_rows.py PATH."""

import sys

from arrays import write_floats

ROWS, COLUMNS = 2, 7
write_floats(sys.argv[1], [ROWS, COLUMNS],
             [(-1) ** i * (i + 1) / 3 for i in range(ROWS * COLUMNS)])
