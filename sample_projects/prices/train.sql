-- A line through the logarithms of weight and price (least squares), and how far each clarity, then each color, lies
-- off it on average. What is learnt comes back as lines of an expression.
WITH logs AS (
    SELECT ln(carat) AS x, ln(price) AS y, clarity, color FROM given
), sums AS (
    SELECT count(*) * 1.0 AS n, sum(x) AS x, sum(y) AS y, sum(x * y) AS xy, sum(x * x) AS xx FROM logs
), slopes AS (
    SELECT (n * xy - x * y) / (n * xx - x * x) AS slope, x / n AS x, y / n AS y FROM sums
), line AS (
    SELECT slope, y - slope * x AS base FROM slopes
), first_rest AS (
    SELECT clarity, color, logs.y - base - slope * logs.x AS rest FROM logs CROSS JOIN line
), clarities AS (
    SELECT clarity, avg(rest) AS more FROM first_rest GROUP BY clarity
), colors AS (
    SELECT color, avg(rest - more) AS more FROM first_rest JOIN clarities USING (clarity) GROUP BY color
), pieces AS (
    SELECT 1 AS place, '' AS grade,
        'exp(' || round(CAST(base AS numeric), 6) || ' + ' || round(CAST(slope AS numeric), 6) || ' * ln(carat)' AS piece
    FROM line
    UNION ALL SELECT 2, '', '    + CASE clarity'
    UNION ALL SELECT 3, clarity,
        '        WHEN ''' || replace(clarity, '''', '''''') || ''' THEN ' || round(CAST(more AS numeric), 6)
    FROM clarities
    UNION ALL SELECT 4, '', '        ELSE 0 END'
    UNION ALL SELECT 5, '', '    + CASE color'
    UNION ALL SELECT 6, color,
        '        WHEN ''' || replace(color, '''', '''''') || ''' THEN ' || round(CAST(more AS numeric), 6)
    FROM colors
    UNION ALL SELECT 7, '', '        ELSE 0 END)'
)
SELECT piece FROM pieces ORDER BY place, grade
