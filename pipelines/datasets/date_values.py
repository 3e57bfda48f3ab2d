"""Read the values of a column by their `DatePattern`."""

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.date_pattern import DAY, DatePattern


def days_of(values: pa.ChunkedArray, pattern: DatePattern) -> pa.ChunkedArray:
    """The days as ISO text; null where a value has another pattern."""
    places = map(pattern.place_of, DAY)
    parts = [pc.utf8_slice_codeunits(values, *place) for place in places]
    is_day = pc.match_substring_regex(values, pattern.regex)
    return pc.if_else(is_day, pc.binary_join_element_wise(*parts, "-"), None)


def odd_values(values: pa.ChunkedArray, pattern: DatePattern) -> pa.ChunkedArray:
    """Which values look like the pattern but are not days, such as month 13."""
    has_shape = pc.match_like(values, pattern.shape)
    is_day = pc.match_substring_regex(values, pattern.regex)
    return pc.and_(has_shape, pc.invert(is_day))
