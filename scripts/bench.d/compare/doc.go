// Package compare puts the same load on Rollcall, on programs that do only the unavoidable
// part, and on other presence servers, one after the other and in several rounds, and makes
// a table of what it cost them.
//
// # Rounds
//
// Each part is measured on every system before the next part begins, and all parts in each
// round: A B C, A B C. What else happens on the machine so meets all systems alike. Each
// time the system is started anew, so that nothing is warm that would not be, and nothing is
// left of what was measured before.
//
// # What is counted
//
// Processor time is that of the system's processes, user and system together; memory is their
// resident set. The load shares the machine, so times are not those of a server of its own,
// but they are so for all.
package compare
