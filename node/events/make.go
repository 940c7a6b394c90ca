package events

import (
	"encoding/json"

	"github.com/rollcall-presence/rollcall/channels"
)

// Append appends what a change of the view is to those who listen, at Unix milliseconds:
// nothing, one event, or two where a choice changes both what others see and what was
// chosen. The labels are of the nodes that caused it.
func Append(dst []Event, e channels.Event, at int64, labels map[channels.NodeID]string) []Event {
	because := func(c channels.Cause, t Type, f Event) {
		f.Type, f.Time, f.Node, f.NodeID = t, at, labels[c.Origin], c.Origin.String()
		f.ID = id(&f, c)
		dst = append(dst, f)
	}
	add := func(t Type, f Event) { because(e.Cause, t, f) }
	switch e.Kind {
	case channels.SessionConnected, channels.SessionDisconnected, channels.SessionAway, channels.SessionOnline:
		add(sessionTypes[e.Kind], session(e))
	case channels.UserChanged:
		f := Event{User: e.User, Status: e.Status.String(), Chosen: e.Chosen.String(), Text: e.Text}
		if t := presence(e.Status); t != presence(e.OldStatus) {
			add(t, f)
		}
		if e.Chosen != e.OldChosen || e.Text != e.OldText {
			because(e.ChoiceCause, UserStatus, f)
		}
	case channels.ChannelJoined, channels.ChannelUpdated, channels.ChannelLeft:
		m := MemberOf(e.Member)
		f := Event{User: e.User, Channel: e.Channel, Member: &m}
		if e.Kind == channels.ChannelLeft {
			f.Reason = e.Reason.String()
		}
		add(channelTypes[e.Kind], f)
	case channels.NodeJoined:
		add(NodeJoined, Event{})
	case channels.NodeGone:
		f := Event{Reason: e.Reason.String(), Sessions: make([]string, len(e.Sessions))}
		for i, s := range e.Sessions {
			f.Sessions[i] = channels.SessionName(e.Origin, s)
		}
		add(NodeLost, f)
	}
	return dst
}

// Started is the event of a node that began a cluster.
func Started(node channels.NodeID, at int64, label string) Event {
	e := Event{Type: ClusterStarted, Time: at, Node: label, NodeID: node.String()}
	e.ID = id(&e, channels.Cause{Origin: node, How: channels.Began})
	return e
}

var (
	sessionTypes = map[channels.Kind]Type{
		channels.SessionConnected: SessionConnected, channels.SessionDisconnected: SessionDisconnected,
		channels.SessionAway: SessionAway, channels.SessionOnline: SessionOnline,
	}
	channelTypes = map[channels.Kind]Type{
		channels.ChannelJoined: ChannelJoin, channels.ChannelUpdated: ChannelUpdate, channels.ChannelLeft: ChannelLeave,
	}
)

func session(e channels.Event) Event {
	f := Event{User: e.User, Session: channels.SessionName(e.Origin, e.Session), Connection: ConnectionOf(e.Details, e.Active)}
	switch e.Kind {
	case channels.SessionConnected:
		f.Status = stateWord(e.State)
	case channels.SessionDisconnected:
		f.Reason = e.Reason.String()
	}
	return f
}

// ConnectionOf returns what is known of a session: its details, if not nil, and when its
// user was last active there.
func ConnectionOf(d *channels.Details, active int64) *Connection {
	c := &Connection{LastActivity: active}
	if d != nil {
		c.Agent, c.ConnectedAt, c.Meta = d.Agent(), d.Since, rawJSON(d.Meta)
		if at := d.Address(); at.IsValid() {
			c.Address = at.String()
		}
	}
	return c
}

// stateWord is the state of a session; in grace it is as it was, and online at first.
func stateWord(s channels.State) string {
	if s == channels.Away {
		return s.String()
	}
	return channels.Online.String()
}

// presence is which event tells of a status: to be busy is to be here.
func presence(s channels.Status) Type {
	switch s {
	case channels.StatusOffline:
		return UserOffline
	case channels.StatusAway:
		return UserAway
	default:
		return UserOnline
	}
}

// MemberOf returns a member as everybody is told of her.
func MemberOf(m channels.Member) Member {
	status := ""
	if m.Status != channels.StatusOnline {
		status = m.Status.String()
	}
	return Member{User: m.User, Since: m.Since, Status: status, LastActivity: m.LastActivity, Data: rawJSON(m.Data), Profile: rawJSON(m.Profile)}
}

// rawJSON is JSON that was checked when it came in; nil: there is none.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}
