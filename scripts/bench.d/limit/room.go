package limit

import (
	"encoding/json"
	"slices"
)

// room is a channel with members, and what is to be told of it.
type room struct {
	channel string
	name    []byte // of the channel, in JSON
	version uint64
	members map[*peer]bool

	changed bool
	coming  []event // joins; their sockets are no members yet
	leaving []byte  // entries of the next diff, with commas
}

func newRoom(channel string) *room {
	name, _ := json.Marshal(channel) // a string can always be written
	return &room{channel: channel, name: name, members: map[*peer]bool{}}
}

func (r *room) enter(e event) {
	if !r.members[e.from] && !slices.ContainsFunc(r.coming, func(c event) bool { return c.from == e.from }) {
		r.coming = append(r.coming, e)
	}
}

func (r *room) exit(p *peer) {
	r.coming = slices.DeleteFunc(r.coming, func(c event) bool { return c.from == p })
	if !r.members[p] {
		return
	}
	delete(r.members, p)
	p.rooms = slices.DeleteFunc(p.rooms, func(other *room) bool { return other == r })
	r.leaving = append(append(append(r.leaving, `,{"user":`...), p.name...), `,"reason":"left"}`...)
}

// tell writes one diff to all members, and the roster to those who came.
func (r *room) tell() {
	r.changed = false
	if len(r.coming) == 0 && len(r.leaving) == 0 {
		return
	}
	r.version++
	diff := r.head(nil, "diff", len(r.members)+len(r.coming))
	if len(r.coming) > 0 {
		diff = append(diff, `,"join":[`...)
		for i, c := range r.coming {
			if i > 0 {
				diff = append(diff, ',')
			}
			diff = append(diff, c.from.member...)
		}
		diff = append(diff, ']')
	}
	if len(r.leaving) > 0 {
		diff = append(append(append(diff, `,"leave":[`...), r.leaving[1:]...), ']')
	}
	framed := frame(append(diff, '}'))
	for p := range r.members {
		p.write(framed)
	}
	r.answer()
	r.coming, r.leaving = nil, nil
}

// answer makes members of those who came, and gives each the roster.
func (r *room) answer() {
	for _, c := range r.coming {
		r.members[c.from] = true
		c.from.rooms = append(c.from.rooms, r)
	}
	if len(r.coming) == 0 {
		return
	}
	roster := append(r.head(nil, "roster", len(r.members)), `,"more":false,"members":[`...)
	first := true
	for p := range r.members {
		if !first {
			roster = append(roster, ',')
		}
		first = false
		roster = append(roster, p.member...)
	}
	roster = append(roster, ']')
	for _, c := range r.coming {
		c.from.write(frame(append(appendField(roster[:len(roster):len(roster)], "id", c.id), '}')))
	}
}

func (r *room) head(b []byte, kind string, count int) []byte {
	b = append(append(append(b, `{"type":"`...), kind...), `","channel":`...)
	b = append(b, r.name...)
	return appendCount(appendField(b, "version", r.version), count)
}

// appendCount is appendField for a count, which may be 0.
func appendCount(b []byte, count int) []byte {
	if count == 0 {
		return append(b, `,"count":0`...)
	}
	return appendField(b, "count", uint64(count))
}
