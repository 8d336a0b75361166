"""Classifies images that Spark has as bytes (binaryFile, or a column of a data set), by mapInArrow.

    spark-submit spark_bytes.py 'photos/*.jpg' rows/

Each partition has a process of ortho, which loads the model once. Its images go in as a tar, whose entries have their
keys as names; rows come out as structs, in the same order.
"""
import io
import json
import subprocess
import sys
import tarfile
import threading

import pyarrow as pa
from pyspark.sql import SparkSession

COMMAND = ["ortho", "classify", "--stdin-tar", "-f", "jsonl", "-k", "1", "--max-failed", "1", "--progress", "never"]


def rows(batches, schema):
    """Yields a batch of rows for what comes of images: columns path and content."""
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lost = []

    def send():
        try:
            with tarfile.open(fileobj=process.stdin, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                for batch in batches:
                    for name, data in zip(batch.column("path").to_pylist(), batch.column("content")):
                        entry = tarfile.TarInfo(name)
                        data = data.as_buffer()
                        entry.size = data.size
                        tar.addfile(entry, io.BytesIO(data))
            process.stdin.close()
        except BaseException as error:  # said where Spark sees it
            lost.append(error)
            process.kill()

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        held = []
        for line in process.stdout:
            held.append(json.loads(line))
            if len(held) == 256:
                yield pa.RecordBatch.from_pylist(held, schema)
                held = []
        sender.join()
        if lost or process.wait() != 0:
            raise RuntimeError(f"ortho ended with {process.wait()}: the task is to be run again") from (lost or [None])[0]
        if held:
            yield pa.RecordBatch.from_pylist(held, schema)
    finally:
        process.kill()
        process.wait()


def main(images, to):
    spark = SparkSession.builder.appName("ortho").getOrCreate()
    # pyarrow's own words for the type: eval of what `ortho schema classify --arrow` prints
    schema = eval(subprocess.run(["ortho", "schema", "classify", "--arrow"], capture_output=True, check=True, text=True).stdout)
    ddl = subprocess.run(["ortho", "schema", "classify", "--spark"], capture_output=True, check=True, text=True).stdout
    found = spark.read.format("binaryFile").load(images).select("path", "content").repartition(8)
    made = found.mapInArrow(lambda batches: rows(batches, schema), ddl.replace(" NOT NULL", ""))
    made.write.mode("overwrite").parquet(to)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
