// Package doctor finds out which execution providers run here.
//
//	libraries --Providers--> a process for each --Serve--> each provider runs a small graph
//	                              |--outcomes, JSON lines
//	                              +--> Provider: Status, Reason, Remedy
//
// That a library was compiled with a provider does not mean that it runs, and a broken driver may
// end the process that tries it: hence the processes. The advice is what the machine's facts say
// about speed, and which providers may be worth installing.
package doctor
