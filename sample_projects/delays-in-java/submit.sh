# Runs the jar of the project's environment by the machine's spark-submit: in the step itself, or where SPARK_MASTER is.
set -eu
master="${SPARK_MASTER:-local[$LEVERFRAME_THREADS]}"
case $master in local*) export SPARK_LOCAL_IP=127.0.0.1 ;; esac
# A step is over before Java's second compiler would pay: without it, it costs half as much.
exec spark-submit --master "$master" --class Delays \
    --driver-memory "$((LEVERFRAME_MEMORY * 6 / 10 / 1048576))m" \
    --driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" \
    --conf spark.ui.enabled=false \
    --conf spark.sql.session.timeZone=UTC \
    --conf spark.sql.shuffle.partitions="$LEVERFRAME_THREADS" \
    --conf spark.sql.warehouse.dir="$TMPDIR" \
    "$LEVERFRAME_JARS/delays.jar"
