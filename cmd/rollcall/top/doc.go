// Package top draws what a cluster is doing, for a terminal: [State] is what was asked, and
// [State.Draw] makes lines of it, of whatever width. It asks nobody and writes nothing.
package top
