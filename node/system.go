package node

import (
	"cmp"
	"math"
	"os"
	"strconv"
	"strings"
)

// system is what the operating system allows this process. 0: unknown, or no bound.
type system struct {
	files   int // open ones; Go has raised the soft limit to the hard one
	backlog int // connections that wait to be accepted: net.core.somaxconn
	tracked int // connections that a firewall with state can follow: nf_conntrack_max
}

const (
	maxStrangers = 10_000 // at the door, some 20 KB each and more with TLS
	otherFiles   = 512    // that a process wants for its peers, operators and logs
	fewestQueued = 1024   // that a backlog should hold when all clients come back at once
)

func readSystem() system {
	return system{
		files:   openFiles(),
		backlog: readNumber("/proc/sys/net/core/somaxconn"),
		tracked: readNumber("/proc/sys/net/netfilter/nf_conntrack_max"),
	}
}

// readNumber returns what a file of one number holds; 0: there is none, as on any
// system but Linux.
func readNumber(path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(data))) // 0 is unknown
	return n
}

// room returns how many connections of clients there are files for.
func (s system) room() int {
	if s.files == 0 {
		return math.MaxInt
	}
	return max(1, s.files-min(otherFiles, s.files/4))
}

// strangers returns how many of these may have said no hello yet.
func (s system) strangers() int { return min(maxStrangers, max(1, s.room()/4)) }

// sessions returns how many sessions a node may hold. Where nobody sets a bound,
// a full node shall still have the files to say so.
func (s system) sessions(most int) int {
	return cmp.Or(most, max(1, s.room()-s.room()/16))
}

// lacks returns what is too low for that many sessions, in words for people; most
// 0: for as many as it may be.
func (s system) lacks(most int) (all []string) {
	if s.files != 0 && s.room() < most {
		all = append(all, "open files (ulimit -n): "+strconv.Itoa(s.files)+", want "+strconv.Itoa(most+otherFiles)+" or more")
	}
	if s.backlog != 0 && s.backlog < min(fewestQueued, cmp.Or(most, fewestQueued)) {
		all = append(all, "net.core.somaxconn: "+strconv.Itoa(s.backlog)+", want "+strconv.Itoa(fewestQueued)+" or more")
	}
	if s.tracked != 0 && s.tracked < most {
		all = append(all, "net.netfilter.nf_conntrack_max: "+strconv.Itoa(s.tracked)+", want "+strconv.Itoa(2*most)+" or more")
	}
	return all
}

// tellSystem logs what the system allows, and what is too low for it.
func (n *Node) tellSystem() {
	s := n.system
	n.log.Info("limits of this system", "open_files", s.files, "sessions", n.maxSessions, "somaxconn", s.backlog, "nf_conntrack_max", s.tracked)
	for _, what := range s.lacks(n.cfg.MaxSessions) {
		n.log.Warn("this system allows too little for --max-sessions: " + what)
	}
}
