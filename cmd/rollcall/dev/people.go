package dev

import (
	"slices"

	"github.com/rollcall-presence/rollcall/node"
)

// Person is a user and her devices in one room.
type Person struct {
	User    string   `json:"user"`
	Devices []Device `json:"devices"`
}

// Device is a session.
type Device struct {
	Node  string `json:"node"`
	State string `json:"state"` // online, away, or broken: its socket is gone, and it may come back
}

// People returns the devices that users have in a room, as some running node knows them.
// False: no node runs.
func (d *Cluster) People(room string, users []string) ([]Person, bool) {
	var n Node
	for _, m := range d.members {
		if n = m.look().node; n != nil {
			break
		}
	}
	if n == nil {
		return nil, false
	}
	people := make([]Person, 0, len(users))
	for _, user := range users {
		people = append(people, Person{user, devices(n.User(user).Sessions, room)})
	}
	return people, true
}

// devices returns the sessions that are in a room.
func devices(sessions []node.Session, room string) []Device {
	all := []Device{}
	for _, s := range sessions {
		if slices.Contains(s.Channels, room) {
			all = append(all, Device{s.Node, s.State})
		}
	}
	return all
}
