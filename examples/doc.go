// Package examples has scripts that run ortho on engines that people use: Slurm, Kubernetes, AWS Batch, Spark,
// Ray, DuckDB and pandas. They are files to be copied; its tests run them, each with services of its own. See docs/scale.md.
package examples
