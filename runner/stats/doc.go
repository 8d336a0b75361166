// Package stats says what measured times are worth.
//
// # Why rounds, and not samples
//
// Runs that follow each other are alike: caches, clock frequency, and whoever else uses the
// machine stay as they are for seconds or minutes. Thousands of such samples hold little
// more information than the few different states of the machine that they saw, and an
// interval that takes them for independent is many times too narrow, so that any two
// measurements "differ". A benchmark therefore measures each configuration in several
// rounds, and interleaves the rounds of all configurations: each of them meets every state
// of the machine, and what varies from round to round is what a repetition would vary by.
// All intervals and tests here take the round as the unit, as Kalibera and Jones do
// (Rigorous Benchmarking in Reasonable Time, ISMM 2013).
//
// Times and rates are positive, skewed to the right, and compared by ratio, so intervals and
// tests are of their logarithms. With a handful of rounds these are Student's t: resampling
// five rounds gives intervals that are too narrow. With many, rounds are resampled whole
// (cluster bootstrap).
//
// # Why a minimum effect
//
// Two builds of one program differ by a percent or two in speed for no reason that anyone
// wants to hear about (Curtsinger and Berger, Stabilizer, ASPLOS 2013), and a test of "no
// difference at all" finds that, given enough runs. The tests here ask instead whether the
// difference is larger than what would matter (Murphy and Myors, Testing the Hypothesis That
// Treatments Have Negligible Effects, J. Applied Psychology 84, 1999). Starting a process
// anew changes its speed for as long as it lives, by where its memory lies; rounds within
// one process can't show that, and so it is an argument of the tests. Where several
// configurations are tested, [Holm] keeps the chance of any false alarm.
package stats
