"""Extract, train and score by Spark: in the step itself, or on the cluster that SPARK_MASTER names."""

import os
import sys
from pathlib import Path

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

INPUT, OUTPUT = os.environ["LEVERFRAME_INPUT"], os.environ["LEVERFRAME_OUTPUT"]
GIVEN, MODEL = f"file://{INPUT}/data.parquet", "model"
WORDS, NUMBERS = ["carrier", "origin", "dest", "hour"], ["month", "weekday", "distance"]
LATE = 15  # minutes


def extract(spark: SparkSession) -> None:
    """All flights that had left by as_of. They are read where they lie: a folder, hdfs:// or webhdfs://."""
    flights = spark.read.parquet(os.environ["FLIGHTS"])
    local = f.from_utc_timestamp("scheduled_departure", "America/New_York")
    columns = ["flight_id", "scheduled_departure", "carrier", "origin", "dest", "distance", "arr_delay"]
    known = flights.where(f.col("scheduled_departure") <= f.to_timestamp(f.lit(os.environ["LEVERFRAME_AS_OF"])))
    table = known.where(f.col("arr_delay").isNotNull()).select(
        *columns,
        f.month(local).alias("month"),
        f.dayofweek(local).alias("weekday"),
        f.hour(local).cast("string").alias("hour"),
        (f.col("arr_delay") > LATE).cast("int").alias("late"),
    )
    # Sorted, so that the same flights are the same file. Its parts are numbered in that order.
    write(table.orderBy("scheduled_departure", "flight_id"), "data")


def train(spark: SparkSession) -> None:
    # From one part in the order of the file, and learnt in one: sums in another order would be other sums.
    flights = spark.read.parquet(GIVEN).coalesce(1)
    indexed, coded = [f"{name}_index" for name in WORDS], [f"{name}_code" for name in WORDS]
    stages = [
        StringIndexer(inputCols=WORDS, outputCols=indexed, handleInvalid="keep"),
        OneHotEncoder(inputCols=indexed, outputCols=coded),
        VectorAssembler(inputCols=[*coded, *NUMBERS], outputCol="features"),
        LogisticRegression(labelCol=os.environ["LEVERFRAME_TARGET"], regParam=0.001, maxIter=25),
    ]
    Pipeline(stages=stages).fit(flights).write().overwrite().save(f"file://{OUTPUT}/{MODEL}")


def score(spark: SparkSession) -> None:
    """A chance for each flight, and which row it is for: Spark promises no order, and the engine makes it by that."""
    flights = spark.read.parquet(GIVEN).select("*", f.col("_metadata.row_index").alias("leverframe_row"))
    scored = PipelineModel.load(f"file://{INPUT}/{MODEL}").transform(flights)
    chance = vector_to_array("probability").getItem(1)
    prediction = f.col("prediction").cast("int").alias("prediction")
    write(scored.select("leverframe_row", prediction, chance.alias("p_1")), "predictions")


def write(table: DataFrame, name: str) -> None:
    """A folder of parts. What is run on a cluster has to see the folder too."""
    table.write.parquet(f"file://{OUTPUT}/{name}.parquet")


def session() -> SparkSession:
    threads, memory = os.environ["LEVERFRAME_THREADS"], int(os.environ["LEVERFRAME_MEMORY"])
    master = os.environ.get("SPARK_MASTER") or f"local[{threads}]"
    # The Python of the workers: this one, unless the cluster has its own.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    settings = {
        # A step is over before Java's second compiler would pay: without it, it costs half as much.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.memory": f"{memory * 6 // 10 >> 20}m",
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": os.environ["TMPDIR"],
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": threads,
    }
    builder = SparkSession.builder.master(master).appName(f"{Path.cwd().name} {os.environ['LEVERFRAME_STEP']}")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    spark = session()
    {"extract": extract, "train": train, "score": score}[os.environ["LEVERFRAME_STEP"]](spark)
    spark.stop()
