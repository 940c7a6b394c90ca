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
func (w *watcher) take(m *client.Message) {
	switch m.Type {
	case "drain":
		delay := time.Duration(m.Delay) * time.Millisecond
		w.tell(event{drain: &delay})
	case "expiring":
		w.tell(event{renew: true})
	case "ended":
		w.note("%s: the node ended it: %s", printable(m.Channel), m.Code)
		delete(w.seen, m.Channel)
	case "error":
		if m.ID == 0 {
			w.note("the node answers %s: %s", printable(m.Code), harmless(m.Text))
		}
	}
	changes, err := w.rosters.Apply(m)
	if err != nil {
		w.note("%v; asking for the roster again", err)
		w.tell(event{sync: m.Channel})
	}
	w.show(m, changes)
	if m.Type == "roster" && !m.More {
		w.arrived(m)
	}
}

// arrived tells what cannot be seen from the lines of a roster.
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
	if but != nil {
		w.note("%s: %s", printable(m.Channel), strings.Join(but, ", "))
	}
}

// tell passes an event on. Where nobody takes any, there are enough to come.
func (w *watcher) tell(e event) {
	select {
	case w.events <- e:
	default:
	}
}

// show prints changes, those of a channel's first roster as who is here.
func (w *watcher) show(m *client.Message, c client.Changes) {
	join := "join"
	if !w.seen[m.Channel] {
		join = "here"
	}
	for _, member := range c.Join {
		w.printLine(line{Channel: m.Channel, Event: join, User: member.User, Member: &member})
	}
	for _, member := range c.Update {
		w.printLine(line{Channel: m.Channel, Event: "update", User: member.User, Member: &member})
	}
	for _, leave := range c.Leave {
		w.printLine(line{Channel: m.Channel, Event: "leave", User: leave.User, Reason: leave.Reason})
	}
}

func (w *watcher) printLine(l line) {
	if w.broken {
		return
	}
	l.Time = time.Now().UnixMilli()
	if err := w.out.print(l); err != nil {
		w.broken = true
		w.tell(event{fail: fmt.Errorf("print: %w", err)})
	}
}
