-- What a step was given, a row each. leverframe_row is its place there, from 0: a table has no order of its own.
CREATE TEMPORARY TABLE given (
    leverframe_row integer PRIMARY KEY,
    carat double precision,
    cut text,
    color text,
    clarity text,
    price double precision
)
