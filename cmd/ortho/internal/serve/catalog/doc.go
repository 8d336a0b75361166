// Package catalog keeps the models that a server answers with:
//
//	names and folders --New--> Catalog --Load--> Instance: a model that is open --Acquire--> a call
//
// A model that is loaded anew takes the place of the one that answers when it is ready: calls
// under way end on the old one, which is closed behind them.
package catalog
