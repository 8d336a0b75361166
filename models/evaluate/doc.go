// Package evaluate compares a classifier's answers with the truth: how many are right, of
// which classes, which are confused, and whether the probabilities can be believed.
//
//	names in the data --Classes.Find--> class --+
//	image --graph--> values of all classes -----+--> Evaluation.Add --> Result
//
// The memory of an [Evaluation] does not grow with the items. A [Result] has rates with their
// intervals, the confusion matrix, the worst mistakes, the [Calibration], and the temperature that
// would improve it ([Fitted]).
package evaluate
