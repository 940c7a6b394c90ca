package mesh

import "github.com/rollcall-presence/rollcall/gossip"

// What memberlist carries as a node's meta, at most 512 bytes:
//
//	offset  size  field
//	0       1     flags: 1 if the node is leaving
//	1       1     n, the length of its name
//	2       n     its name
//	2+n           Config.Meta
//
// The flag is there because memberlist 0.7.0 knows that a node has left, but
// does not tell: the State of the Node that NotifyLeave gets is never set.
const (
	metaHead    = 2
	flagLeaving = 1
)

func encodeMeta(name string, meta []byte, leaving bool) []byte {
	b := make([]byte, metaHead, metaHead+len(name)+len(meta))
	if leaving {
		b[0] = flagLeaving
	}
	b[1] = byte(len(name))
	return append(append(b, name...), meta...)
}

// decodeMeta takes a meta apart; ok is false if no node of ours wrote it.
func decodeMeta(b []byte) (p gossip.Peer, leaving, ok bool) {
	if len(b) < metaHead || len(b) < metaHead+int(b[1]) {
		return p, false, false
	}
	end := metaHead + int(b[1])
	p.Name = string(b[metaHead:end])
	p.Meta = append([]byte(nil), b[end:]...)
	return p, b[0]&flagLeaving != 0, true
}
