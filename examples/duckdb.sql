-- Parts of a plan, in Parquet, as one table. (Of parts in jsonl: read_json('rows/*.jsonl', columns = {...}); `ortho schema
-- classify --ddl` has the types.)
CREATE VIEW rows AS SELECT * FROM read_parquet('rows/*.parquet');

SELECT count(*) AS images, count(error) AS failed FROM rows;

SELECT predictions[1].label AS label, count(*) AS images, round(avg(predictions[1].probability), 3) AS p
FROM rows WHERE error IS NULL GROUP BY label ORDER BY images DESC, label;
