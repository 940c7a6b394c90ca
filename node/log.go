package node

import "github.com/rollcall-presence/rollcall/channels"

// presenceWords are the messages of the log by which changes of presence can be found.
var presenceWords = map[channels.Kind]string{
	channels.SessionConnected:    "session connected",
	channels.SessionDisconnected: "session disconnected",
	channels.SessionAway:         "session away",
	channels.SessionOnline:       "session online",
	channels.UserChanged:         "user changed",
	channels.ChannelJoined:       "join",
	channels.ChannelUpdated:      "update",
	channels.ChannelLeft:         "leave",
}

// logPresence logs a change of presence at debug: who, where, and by what. What members and
// sessions say of themselves is left out: it may be large, and nobody's business. Node.mu is held.
func (n *Node) logPresence(e *channels.Event) {
	message := presenceWords[e.Kind]
	if message == "" {
		return // nodes are logged as they come and go, at info
	}
	about := make([]any, 0, 16)
	add := func(key string, value any) { about = append(about, key, value) }
	switch {
	case e.Channel != "":
		add("channel", e.Channel)
	case e.Session != 0:
		add("session", channels.SessionName(e.Origin, e.Session))
	}
	add("user", e.User)
	if e.Kind == channels.UserChanged {
		add("was", e.OldStatus.String())
		add("is", e.Status.String())
		add("connection", e.Connection.String())
	}
	if e.Reason != 0 {
		add("reason", e.Reason.String())
	}
	add("cause", e.Cause.How.String())
	add("on", n.label(e.Cause.Origin))
	n.log.Debug(message, about...)
}
