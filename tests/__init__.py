"""Tests; Python looks for garbage rarely in them.

dbt and the fake portals keep half a million objects for as long as a process lives. To
walk them again and again for what might be freed took a quarter of all time.
"""

import gc

gc.set_threshold(50_000, 20, 100)
