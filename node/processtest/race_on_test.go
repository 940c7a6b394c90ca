//go:build unix && race

package processtest

// raceEnabled tells that the tests, and so the processes, run with the race
// detector, which makes them several times slower and larger.
const raceEnabled = true
