-- Classifies the images that a text file lists, a path a line, in SQL alone:
--
--   spark-sql -f spark.sql -d paths=/data/paths.txt -d rows=/data/rows
--
-- Each partition has a process, which loads the model once. Images that fail have rows that say why: without
-- --max-failed 1 the first of them would fail its task four times, and then the job. The fields are
-- those that `ortho schema classify --spark` prints.
SET spark.sql.files.maxPartitionBytes=65536;

INSERT OVERWRITE DIRECTORY '${rows}' USING parquet
SELECT row.* FROM (
  SELECT from_json(line, 'input STRING, predictions ARRAY<STRUCT<index: BIGINT, label: STRING, id: STRING, probability: DOUBLE>>, width BIGINT, height BIGINT, error STRUCT<kind: STRING, message: STRING>') AS row
  FROM (
    SELECT TRANSFORM (value)
      USING 'ortho classify --stdin-paths -f jsonl -k 1 --max-failed 1 --progress never'
      AS (line STRING)
    FROM (SELECT /*+ REPARTITION(8) */ value FROM text.`${paths}`)
  )
);
