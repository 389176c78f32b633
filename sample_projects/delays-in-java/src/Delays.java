import static org.apache.spark.sql.functions.*;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.feature.OneHotEncoder;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Extract, train and score by Spark, as a jar for spark-submit: the step is told by its environment. */
public final class Delays {
    private static final String[] WORDS = {"carrier", "origin", "dest", "hour"};
    private static final String[] NUMBERS = {"month", "weekday", "distance"};
    private static final int LATE = 15; // minutes

    private final SparkSession spark;
    private final String given = "file://" + told("INPUT");
    private final String left = "file://" + told("OUTPUT");

    private Delays(SparkSession spark) {
        this.spark = spark;
    }

    public static void main(String[] arguments) throws IOException {
        SparkSession spark = SparkSession.builder().appName("delays " + told("STEP")).getOrCreate();
        Delays delays = new Delays(spark);
        switch (told("STEP")) {
            case "extract" -> delays.extract();
            case "train" -> delays.train();
            case "score" -> delays.score();
            default -> throw new IllegalArgumentException("no step " + told("STEP"));
        }
        spark.stop();
    }

    /** All flights that had left by as_of, sorted, so that the same flights are the same file. */
    private void extract() {
        Column local = from_utc_timestamp(col("scheduled_departure"), "America/New_York");
        spark.read().parquet(System.getenv("FLIGHTS"))
            .where(col("scheduled_departure").leq(to_timestamp(lit(told("AS_OF")))))
            .where(col("arr_delay").isNotNull())
            .select(
                col("flight_id"), col("scheduled_departure"), col("carrier"), col("origin"), col("dest"),
                col("distance"), col("arr_delay"),
                month(local).alias("month"),
                dayofweek(local).alias("weekday"),
                hour(local).cast("string").alias("hour"),
                col("arr_delay").gt(LATE).cast("int").alias("late"))
            .orderBy("scheduled_departure", "flight_id")
            .write().parquet(left + "/data.parquet");
    }

    /** From one part in the order of the file, and learnt in one: sums in another order would be other sums. */
    private void train() throws IOException {
        Dataset<Row> flights = spark.read().parquet(given + "/data.parquet").coalesce(1);
        String[] indexed = named("_index"), coded = named("_code");
        List<String> inputs = new ArrayList<>(List.of(coded));
        inputs.addAll(List.of(NUMBERS));
        PipelineStage[] stages = {
            new StringIndexer().setInputCols(WORDS).setOutputCols(indexed).setHandleInvalid("keep"),
            new OneHotEncoder().setInputCols(indexed).setOutputCols(coded),
            new VectorAssembler().setInputCols(inputs.toArray(String[]::new)).setOutputCol("features"),
            new LogisticRegression().setLabelCol(told("TARGET")).setRegParam(0.001).setMaxIter(25),
        };
        new Pipeline().setStages(stages).fit(flights).write().save(left + "/model");
    }

    /** A chance for each flight, and which row it is for: Spark promises no order, and the engine makes it by that. */
    private void score() {
        Dataset<Row> flights = spark.read().parquet(given + "/data.parquet")
            .select(col("*"), col("_metadata.row_index").alias("leverframe_row"));
        PipelineModel.load(given + "/model").transform(flights)
            .select(
                col("leverframe_row"),
                col("prediction").cast("int").alias("prediction"),
                org.apache.spark.ml.functions.vector_to_array(col("probability"), "float64").getItem(1).alias("p_1"))
            .write().parquet(left + "/predictions.parquet");
    }

    private static String[] named(String ending) {
        return List.of(WORDS).stream().map(name -> name + ending).toArray(String[]::new);
    }

    private static String told(String name) {
        return System.getenv("LEVERFRAME_" + name);
    }
}
