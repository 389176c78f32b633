-- The price of each row that was given, by the expression in model/price.sql, and which row it is for.
SELECT leverframe_row, /* price.sql */ AS prediction FROM given
