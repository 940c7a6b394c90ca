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

// maxPeople is of how many people in a room the devices are told: the first by name.
const maxPeople = 200

// People returns who is in a room, and by which devices, as some running node knows it.
// False: no node runs.
func (d *Cluster) People(room string) ([]Person, bool) {
	for _, m := range d.members {
		n := m.look().node
		if n == nil {
			continue
		}
		roster := n.Roster(room)
		people := []Person{}
		for _, member := range roster[:min(len(roster), maxPeople)] {
			people = append(people, Person{member.User, devices(n.User(member.User).Sessions, room)})
		}
		return people, true
	}
	return nil, false
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
