package load

import (
	"sync"
	"time"
)

// progressPause is the time between two reports.
const progressPause = 200 * time.Millisecond

// watchProgress reports how far a phase is until stop is called.
func (c *crowd) watchProgress(phase string, of int, done func() int) (stop func()) {
	if c.options.Progress == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(progressPause)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.options.Progress(Progress{phase, done(), of})
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		wg.Wait()
	}
}
