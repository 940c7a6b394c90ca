//go:build !linux

package process

import (
	"errors"
	"time"
)

func processorTime(int) (time.Duration, error) {
	return 0, errors.New("only known how on Linux")
}
