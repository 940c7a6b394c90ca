package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/node"
)

// Draw returns the lines of a screen that is so wide, each of at most that many characters. Rows
// of channels and sessions take what is left of height; 0: as much as there is. Colours are ANSI.
func (s *State) Draw(width, height int, colours bool) []string {
	p := &pen{width: width, colours: colours}
	s.head(p)
	if len(s.Cluster.Nodes) > 0 {
		s.nodes(p)
		s.channels(p)
		s.why(p)
	}
	if height > 0 && len(p.lines) > height {
		p.lines = p.lines[:height]
	}
	return p.lines
}

func (s *State) head(p *pen) {
	if len(s.Cluster.Nodes) == 0 {
		p.line(bold("rollcall"), plain(" at "+s.URL))
	} else {
		p.line(bold("rollcall"), plain(" as "), bold(word(s.Cluster.Nodes[0].Name)), plain(" sees it at "+s.At.Format("15:04:05")))
	}
	if s.Err != nil {
		p.line(red("no answer: " + s.Err.Error()))
	}
	if len(s.Cluster.Nodes) == 0 {
		return
	}
	f := s.Figures
	p.line(bold(count(f.Users, "person", "people")), plain(fmt.Sprintf(", %s, %d anonymous, %s", count(f.Sessions, "session", "sessions"), f.Anonymous, count(f.Channels, "channel", "channels"))))
	if f.Incomplete {
		p.line(yellow("members may be missing: a node is late, or most were lost"))
	}
	var joins, leaves []float64
	for _, r := range s.Rates {
		joins, leaves = append(joins, r.Joins), append(leaves, r.Leaves)
	}
	p.line(plain("joins  "), plain(rate(joins)), green(sparkline(joins, p.width-16)))
	p.line(plain("leaves "), plain(rate(leaves)), red(sparkline(leaves, p.width-16)))
}

func (s *State) nodes(p *pen) {
	p.line()
	columns := []int{20, 10, 9, 9, 9}
	if p.width < 72 {
		columns = []int{12, 9, 9, 6, 7}
	}
	p.row(columns, dim, "NODE", "STATE", "SESSIONS", "SAYS", "HEARD", "SEES")
	for _, n := range s.Cluster.Nodes {
		says, sees := "?", "being asked"
		if said, ok := s.Said[n.ID]; ok {
			says, sees = "-", said.Unknown
			if said.Says != nil {
				says, sees = fmt.Sprint(said.Says.Sessions), s.beliefs(n, said.Says)
			}
		}
		colour := map[string]func(string) piece{"here": green, "late": yellow, "draining": yellow}[n.State]
		if colour == nil {
			colour = plain
		}
		p.row(columns, colour, word(n.Name), n.State, fmt.Sprint(n.Sessions), says, lasting(s.now().Sub(time.UnixMilli(n.LastHeard))), sees)
	}
}

// beliefs says how a node sees the others that the one that is asked knows.
func (s *State) beliefs(of admin.Node, says *node.Says) string {
	states := map[string]string{}
	for _, b := range says.Sees {
		states[b.ID] = b.State
	}
	here, odd := 0, []string{}
	for _, other := range s.Cluster.Nodes {
		switch state := states[other.ID]; {
		case other.ID == of.ID:
		case state == "here":
			here++
		case state == "":
			odd = append(odd, word(other.Name)+" gone")
		default:
			odd = append(odd, word(other.Name)+" "+state)
		}
	}
	switch {
	case len(s.Cluster.Nodes) == 1:
		return "it is alone"
	case len(odd) == 0:
		return "all here"
	case here == 0:
		return strings.Join(odd, ", ")
	default:
		return fmt.Sprintf("%s, %d here", strings.Join(odd, ", "), here)
	}
}

func (s *State) channels(p *pen) {
	p.line()
	if len(s.Channels) == 0 {
		p.line(dim("nobody is in any channel"))
		return
	}
	name := max(12, min(40, p.width-32))
	columns := []int{name, 9, 10}
	p.row(columns, dim, "CHANNEL", "PEOPLE", "SESSIONS", "")
	for _, c := range s.Channels {
		bar := max(0, p.width-name-21) * c.Users / max(1, s.Channels[0].Users)
		p.row(columns, plain, word(c.Channel), fmt.Sprint(c.Users), fmt.Sprint(c.Sessions), strings.Repeat("▪", min(bar, 40)))
	}
}

func (s *State) why(p *pen) {
	if s.Why == nil {
		return
	}
	p.line()
	now := s.now()
	w := s.Why
	if len(w.Sessions) == 0 {
		p.line(bold(word(w.User.User)), plain(" is offline: no node holds a session of hers"))
		return
	}
	status := w.Status
	if w.Chosen == "offline" {
		status = "connected, and hidden"
	}
	leaves := ""
	if w.Leaves != nil {
		leaves = fmt.Sprintf("; she would leave %s (%s)", until(now, w.Leaves.At), w.Leaves.Reason)
	}
	p.line(bold(word(w.User.User)), plain(fmt.Sprintf(" is %s by %s%s", status, count(len(w.Sessions), "session", "sessions"), leaves)))
	p.line(dim(fmt.Sprintf("in %s: %s", count(len(w.Channels), "channel", "channels"), words(w.Channels))))
	for _, one := range w.Sessions {
		p.line(bold("on "+word(one.Node)), plain(": "+strings.Join(append([]string{state(one)}, facts(one, now)...), ", ")))
		for _, e := range one.Ends {
			p.line(dim("   ends "), plain(until(now, e.At)+" "+meanings[e.Reason]))
		}
	}
}

// meanings says of the reason of an end what would prevent it.
var meanings = map[string]string{
	"timeout": "unless its socket says something", "expired": "unless its token is renewed",
	"closed": "unless its client is back", "node_lost": "unless its node is heard of again",
}

func state(s node.HeldSession) string {
	if s.State == "broken" {
		return "in grace"
	}
	return s.State
}

// facts are what is known of a session, in few words.
func facts(s node.HeldSession, now time.Time) (all []string) {
	if s.Address != "" {
		all = append(all, "from "+s.Address)
	}
	if s.Held == nil {
		return append(all, "only "+word(s.Node)+" knows more: "+s.Unknown)
	}
	if s.Held.LastFrame > 0 {
		all = append(all, "last frame "+lasting(now.Sub(time.UnixMilli(s.Held.LastFrame)))+" ago")
	}
	if s.Agent != "" {
		all = append(all, word(s.Agent))
	}
	return all
}
