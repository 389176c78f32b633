# Makes delays.jar: sh compile.sh FOLDER-OF-SPARK'S-JARS. Its bytes are the same each time: no times are in it.
set -eu
mkdir -p classes
javac -proc:none --release 17 -cp "$1/*" -d classes src/Delays.java
jar --create --file delays.jar --date 1980-01-01T12:00:00Z --no-manifest -C classes Delays.class
rm -r classes
