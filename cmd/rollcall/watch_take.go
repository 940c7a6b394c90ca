package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// note tells the person what becomes of the connection.
func (w *watcher) note(format string, args ...any) {
	w.noting.Lock()
	defer w.noting.Unlock()
	fmt.Fprintf(w.notes, "rollcall: "+format+"\n", args...)
}

// take is called by the reader, with one message at a time. Printing may wait
// for whoever reads the output; that the node then waits for us, and in the end
// cuts us off, is as it should be.
func (l *link) take(m *client.Message) {
	l.showing.Lock()
	defer l.showing.Unlock()
	switch m.Type {
	case "expiring":
		l.tell(event{renew: true})
	case "ended":
		l.note("%s: the node ended it: %s", printable(m.Channel), m.Code)
		delete(l.seen, m.Channel)
	case "error":
		if m.ID == 0 {
			l.note("the node answers %s: %s", printable(m.Code), harmless(m.Text))
		}
	}
	changes, err := l.feed.Apply(m)
	if err != nil {
		l.note("%v; asking for the roster again", err)
		l.tell(event{sync: m.Channel})
	}
	l.show(m, changes)
	if m.Type == "roster" && !m.More {
		l.arrived(m)
	}
}

// arrived tells what cannot be seen from the lines of a roster. showing is held.
func (w *watcher) arrived(m *client.Message) {
	roster, _ := w.rosters.Roster(m.Channel)
	if !w.seen[m.Channel] {
		w.seen[m.Channel] = true
		w.note("%s: %d here", printable(m.Channel), roster.Count)
	}
	var but []string
	if roster.Partial {
		but = append(but, fmt.Sprintf("only %d of %d are listed", len(roster.Members), roster.Count))
	}
	if roster.Incomplete {
		but = append(but, "members may be missing")
	}
	lacks := strings.Join(but, ", ")
	if lacks != "" && lacks != w.lacks[m.Channel] {
		w.note("%s: %s", printable(m.Channel), lacks)
	}
	w.lacks[m.Channel] = lacks
}

// tell passes an event on. Where nobody takes any, there are enough to come.
func (l *link) tell(e event) {
	select {
	case l.events <- e:
	default:
	}
}

// show prints changes, those of a channel's first roster as who is here.
func (l *link) show(m *client.Message, c client.Changes) {
	join := "join"
	if !l.seen[m.Channel] {
		join = "here"
	}
	for _, member := range c.Join {
		l.printLine(line{Channel: m.Channel, Event: join, User: member.User, Member: &member})
	}
	for _, member := range c.Update {
		l.printLine(line{Channel: m.Channel, Event: "update", User: member.User, Member: &member})
	}
	for _, leave := range c.Leave {
		l.printLine(line{Channel: m.Channel, Event: "leave", User: leave.User, Reason: leave.Reason})
	}
}

func (l *link) printLine(n line) {
	if l.broken {
		return
	}
	n.Time = time.Now().UnixMilli()
	if err := l.out.print(n); err != nil {
		l.broken = true
		l.tell(event{fail: fmt.Errorf("print: %w", err)})
	}
}
