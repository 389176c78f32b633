CREATE TABLE diamonds (
    listing text PRIMARY KEY,
    listed_at text NOT NULL,
    carat double precision NOT NULL,
    cut text NOT NULL,
    color text NOT NULL,
    clarity text NOT NULL,
    price integer NOT NULL
);
