"""The three steps, each a file of SQL that the database runs. Here rows go in and come out; nothing is computed."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

INPUT, OUTPUT = Path(os.environ["LEVERFRAME_INPUT"]), Path(os.environ["LEVERFRAME_OUTPUT"])
PRICE = Path("model/price.sql")


def extract(database: Connection) -> None:
    found = database.execute(text(sql("extract.sql")), {"as_of": os.environ["LEVERFRAME_AS_OF"]})
    write("data.csv", list(found.keys()), found)


def train(database: Connection) -> None:
    take_in(database)
    lines = database.exec_driver_sql(sql("train.sql"))
    (OUTPUT / "model").mkdir()
    (OUTPUT / PRICE).write_text("".join(f"{line}\n" for (line,) in lines), "utf-8")


def score(database: Connection) -> None:
    take_in(database)
    expression = (INPUT / PRICE).read_text("utf-8")
    found = database.exec_driver_sql(sql("score.sql").replace("/* price.sql */", expression))
    write("predictions.csv", list(found.keys()), found)


def take_in(database: Connection) -> None:
    """The rows of data.csv into a table that this connection alone sees, and that ends with it."""
    database.exec_driver_sql(sql("given.sql"))
    with (INPUT / "data.csv").open(newline="", encoding="utf-8") as file:
        rows = [{"leverframe_row": place, **_gaps(row)} for place, row in enumerate(csv.DictReader(file))]
    if rows:
        names = list(rows[0])
        into = f"INSERT INTO given ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        database.execute(text(into), rows)


def _gaps(row: dict[str, str]) -> dict[str, str | None]:
    return {name: value or None for name, value in row.items()}


def sql(name: str) -> str:
    return Path(name).read_text("utf-8")


def write(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (OUTPUT / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


if __name__ == "__main__":
    # Nothing is committed: what was made for a step is gone when it ends.
    with create_engine(os.environ["SHOP_URL"]).connect() as connection:
        {"extract": extract, "train": train, "score": score}[os.environ["LEVERFRAME_STEP"]](connection)
