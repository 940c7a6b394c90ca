package mesh

import (
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rollcall-presence/rollcall/channels"
)

// delegate is how memberlist talks to the mesh. NotifyJoin, NotifyUpdate and
// NotifyLeave are called under memberlist's own lock: see the package comment.
type delegate struct{ m *Mesh }

// NodeMeta tells memberlist what to say of this node.
func (d delegate) NodeMeta(int) []byte {
	return encodeMeta(d.m.cfg.Name, d.m.cfg.Meta)
}

// NotifyMsg takes a datagram of the core.
func (d delegate) NotifyMsg(data []byte) { d.m.inbox.packet(data, time.Time{}) }

// Nothing of Rollcall's travels in memberlist's broadcasts or full syncs.

func (delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (delegate) LocalState(bool) []byte          { return nil }
func (delegate) MergeRemoteState([]byte, bool)   {}

// AckPayload gives the sign of life that rides on the answer to a probe.
func (d delegate) AckPayload() (payload []byte) {
	d.m.do(func(c core, now time.Time) { payload = c.Payload(now) })
	return payload
}

// NotifyPingComplete takes the sign of life off the answer.
func (d delegate) NotifyPingComplete(_ *memberlist.Node, rtt time.Duration, payload []byte) {
	if len(payload) > 0 {
		d.m.inbox.packet(payload, time.Now().Add(-rtt))
	}
}

// NotifyJoin takes note of a member that is there.
func (d delegate) NotifyJoin(n *memberlist.Node) { d.notice(n, false) }

// NotifyUpdate takes note of what is new of a member.
func (d delegate) NotifyUpdate(n *memberlist.Node) { d.notice(n, false) }

// NotifyLeave takes note of a member that memberlist gave up, or that left.
func (d delegate) NotifyLeave(n *memberlist.Node) { d.notice(n, true) }

func (d delegate) notice(n *memberlist.Node, dead bool) {
	id, err := channels.ParseNodeID(n.Name)
	info, ok := decodeMeta(n.Meta)
	if err != nil || !ok {
		d.m.count.foreign.Add(1)
		return
	}
	info.Addr = n.Address()
	d.m.setMember(Member{ID: id, Peer: info}, !dead)
	if id != d.m.cfg.ID {
		d.m.inbox.notice(id, notice{info: info, dead: dead})
	}
}
