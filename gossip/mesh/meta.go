package mesh

import "github.com/rollcall-presence/rollcall/gossip"

// What memberlist carries as a node's meta, at most 512 bytes:
//
//	offset  size  field
//	0       1     n, the length of its name
//	1       n     its name
//	1+n           Config.Meta
const metaHead = 1

func encodeMeta(name string, meta []byte) []byte {
	b := make([]byte, metaHead, metaHead+len(name)+len(meta))
	b[0] = byte(len(name))
	return append(append(b, name...), meta...)
}

// decodeMeta takes a meta apart; ok is false if no node of ours wrote it.
func decodeMeta(b []byte) (p gossip.Peer, ok bool) {
	if len(b) < metaHead || len(b) < metaHead+int(b[0]) {
		return p, false
	}
	end := metaHead + int(b[0])
	p.Name = string(b[metaHead:end])
	p.Meta = append([]byte(nil), b[end:]...)
	return p, true
}
