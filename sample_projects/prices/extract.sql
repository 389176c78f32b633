-- Every stone listed by the moment that is asked for. The order makes the same rows the same file.
SELECT listing, listed_at, carat, cut, color, clarity, price
FROM diamonds
WHERE listed_at <= :as_of
ORDER BY listed_at, listing
