// Package schema says what type a verb's rows have, as lines of JSON, in the words of programs that read them:
//
//	Go type of a row --Of--> Type --> Spark's DDL, a schema of pyarrow, CREATE TABLE, JSON Schema
//
// It follows from the tags by which rows are written, so that the two can't come apart.
package schema
