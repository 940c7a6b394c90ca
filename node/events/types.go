package events

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-presence/rollcall/channels"
)

// Filter is a set of types.
type Filter map[Type]bool

// Every is the filter that lets all types through.
func Every() Filter { return Only(All...) }

// Only is the filter that lets these types through.
func Only(types ...Type) Filter {
	f := Filter{}
	for _, t := range types {
		f[t] = true
	}
	return f
}

// ParseFilter reads types separated by commas; none at all means all of them.
func ParseFilter(text string) (Filter, error) {
	if strings.TrimSpace(text) == "" {
		return Every(), nil
	}
	f := Filter{}
	for name := range strings.SplitSeq(text, ",") {
		t := Type(strings.TrimSpace(name))
		if !slices.Contains(All, t) {
			return nil, fmt.Errorf("%q is no type of event", string(t))
		}
		f[t] = true
	}
	return f, nil
}

// Kinds returns what has to be recorded for the filter.
func (f Filter) Kinds() (kinds channels.Kinds) {
	for t := range f {
		kinds |= kindOf[t]
	}
	return kinds
}

var kindOf = map[Type]channels.Kinds{
	SessionConnected: channels.SessionConnected, SessionDisconnected: channels.SessionDisconnected,
	SessionAway: channels.SessionAway, SessionOnline: channels.SessionOnline,
	UserOnline: channels.UserChanged, UserAway: channels.UserChanged, UserOffline: channels.UserChanged, UserStatus: channels.UserChanged,
	ChannelJoin: channels.ChannelJoined, ChannelUpdate: channels.ChannelUpdated, ChannelLeave: channels.ChannelLeft,
	NodeJoined: channels.NodeJoined, NodeLost: channels.NodeGone,
}
