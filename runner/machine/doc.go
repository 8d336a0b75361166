// Package machine describes the machine that a program runs on, and the program's share of
// it: processor, cores, limits of control groups, memory, GPUs. Figures of a benchmark depend on
// these [Facts]; [Facts.Same] says whether those of two runs can be compared. [Memory] is what this
// process uses. What the system does not report is nil or empty, with the reason.
package machine
