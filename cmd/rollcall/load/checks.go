package load

import (
	"fmt"
	"sync"
)

// Check is what was wrong with what the server told. All zero: nothing.
type Check struct {
	Rosters    int `json:"rosters"`    // that were compared with the truth, in the end
	Wrong      int `json:"wrong"`      // of these
	Doubled    int `json:"doubled"`    // told of twice, or gone without having been there
	Ghosts     int `json:"ghosts"`     // told of who never were there, or elsewhere
	Miscounted int `json:"miscounted"` // counts that differ from what was told
	Strays     int `json:"strays"`     // told of changes that nobody made
	Lost       int `json:"lost"`       // connections that ended by themselves

	Examples []string `json:"examples,omitempty"` // in words, the first few
}

// maxExamples bounds the examples.
const maxExamples = 10

// WrongError means that the server answered, and wrongly.
type WrongError struct{ Check Check }

func (e *WrongError) Error() string {
	c := e.Check
	text := fmt.Sprintf("%d of %d rosters are wrong; %d doubled, %d ghosts, %d miscounted, %d strays, %d connections lost",
		c.Wrong, c.Rosters, c.Doubled, c.Ghosts, c.Miscounted, c.Strays, c.Lost)
	for _, example := range c.Examples {
		text += "\n  " + example
	}
	return text
}

// err returns what was found as an error; nil: nothing was.
func (c Check) err() error {
	if c.Wrong+c.Doubled+c.Ghosts+c.Miscounted+c.Strays+c.Lost == 0 {
		return nil
	}
	return &WrongError{c}
}

// checks gathers what is found while a scenario runs.
type checks struct {
	mu sync.Mutex
	Check
	wrong, doubled, ghosts, miscounted, strays, lost int
}

// add counts one finding.
func (c *checks) add(count *int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*count++
	if len(c.Examples) < maxExamples {
		c.Examples = append(c.Examples, fmt.Sprintf(format, args...))
	}
}

// found returns all findings so far.
func (c *checks) found() Check {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.Check
	all.Wrong, all.Doubled, all.Ghosts, all.Miscounted, all.Strays, all.Lost = c.wrong, c.doubled, c.ghosts, c.miscounted, c.strays, c.lost
	all.Examples = append([]string(nil), c.Examples...)
	return all
}

// roster counts one comparison.
func (c *checks) roster() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Rosters++
}

// stray counts a change that a client was told of and nobody made.
func (c *checks) stray(e event) {
	one, what := e.client, "joined"
	if e.kind == left {
		what = "left"
	}
	c.add(&c.strays, "%s in %s is told that %s %s, who did not", one.name(), one.room.name, one.crowd.user(one.room.first+e.user), what)
}
