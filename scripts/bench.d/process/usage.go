package process

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Usage is what some processes have used, their children included.
type Usage struct {
	CPU      time.Duration // user and system
	Resident int64         // bytes now
	Peak     int64         // bytes, the most there were since ResetPeak; a sum over processes, which need not have had theirs at one time
}

// Sub returns what was used since before; the peak is by how much there was more at most.
func (u Usage) Sub(before Usage) Usage {
	return Usage{u.CPU - before.CPU, u.Resident - before.Resident, u.Peak - before.Resident}
}

// Group is some processes and all that they had started when it was made.
type Group struct{ ids []int }

// NewGroup finds out what processes have started.
func NewGroup(processes ...*Process) (Group, error) {
	ids, err := family(processes)
	return Group{ids}, err
}

// Used reads what all have used so far.
func (g Group) Used() (u Usage, err error) {
	if u.CPU, err = g.CPU(); err != nil {
		return u, err
	}
	for _, id := range g.ids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
		if err != nil {
			return u, fmt.Errorf("read memory of process %d: %w", id, err)
		}
		resident, peak, err := parseStatus(string(status))
		if err != nil {
			return u, fmt.Errorf("read memory of process %d: %w", id, err)
		}
		u.Resident, u.Peak = u.Resident+resident, u.Peak+peak
	}
	return u, nil
}

// CPU is the cheap part of Used.
func (g Group) CPU() (all time.Duration, err error) {
	for _, id := range g.ids {
		spent, err := processorTime(id)
		if err != nil {
			return 0, fmt.Errorf("read processor time of process %d: %w", id, err)
		}
		all += spent
	}
	return all, nil
}

// ResetPeak begins to look for the peak anew.
func (g Group) ResetPeak() error {
	for _, id := range g.ids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", id), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset the peak of memory: %w", err)
		}
	}
	return nil
}

// parseStatus reads /proc/PID/status.
func parseStatus(text string) (resident, peak int64, err error) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		to := &resident
		switch name {
		case "VmRSS":
		case "VmHWM":
			to = &peak
		default:
			continue
		}
		kilobytes, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		n, err := strconv.ParseInt(kilobytes, 10, 64)
		if err != nil || !ok {
			return 0, 0, fmt.Errorf("%q is no size", strings.TrimSpace(line))
		}
		*to = n << 10
	}
	if resident == 0 || peak == 0 {
		return 0, 0, fmt.Errorf("no resident memory in %d bytes of status", len(text))
	}
	return resident, peak, nil
}

// family returns the ids of processes and of all their descendants.
func family(processes []*Process) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		id, parent, err := parseStat(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		children[parent] = append(children[parent], id)
	}
	var ids []int
	for _, p := range processes {
		ids = append(ids, p.cmd.Process.Pid)
	}
	for i := 0; i < len(ids); i++ {
		ids = append(ids, children[ids[i]]...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// parseStat reads who a process is and who started it from /proc/PID/stat, in which the
// name of the program, in brackets, may hold anything.
func parseStat(text string) (id, parent int, err error) {
	first, _, _ := strings.Cut(text, " ")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("%.60q is no line of stat", text)
	}
	if id, err = strconv.Atoi(first); err != nil {
		return 0, 0, err
	}
	parent, err = strconv.Atoi(fields[1])
	return id, parent, err
}
