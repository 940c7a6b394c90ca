package node

import (
	"bytes"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

var restNodes = flag.Int("virtual.rest", 3, "how many nodes the cluster at rest has")

// Whole nodes, with memberlist and encryption and all: what they send at rest is the same
// with two thousand sessions as without any. With -v it tells what that is.
func TestNodesAtRestSendTheSameWhateverTheyHold(t *testing.T) {
	const span = 2 * time.Minute
	inWorld(t, 1, func(w *world) {
		key := bytes.Repeat([]byte("k"), 32)
		nodes := w.cluster(*restNodes, func(c *Config) { c.GossipKeys = [][]byte{key} })
		time.Sleep(time.Minute)
		rest := func() (packets, packetBytes float64) {
			before := w.net.Sent()
			time.Sleep(span)
			sent, per := w.net.Sent().Since(before), span.Seconds()*float64(len(nodes))
			t.Logf("each node and second: %.1f packets with %.0f bytes, %.3f dials, %.0f bytes on streams", float64(sent.Packets)/per,
				float64(sent.PacketBytes)/per, float64(sent.Dials)/per, float64(sent.StreamBytes)/per)
			return float64(sent.Packets) / per, float64(sent.PacketBytes) / per
		}
		packets, packetBytes := rest()
		const sessions = 2000
		for i := range sessions {
			n := nodes[i%len(nodes)]
			n.step(func(now time.Time) {
				t := n.core.Now(now)
				s := n.core.View.Open(t, channels.Opening{User: fmt.Sprint("user-", i)})
				n.core.View.Join(t, s, fmt.Sprint("room.", i/50), "")
			})
		}
		w.until("every node has all sessions", time.Minute, func() bool {
			for _, n := range nodes {
				n.mu.Lock()
				held := n.core.View.Stats().Sessions
				n.mu.Unlock()
				if held != sessions {
					return false
				}
			}
			return true
		})
		time.Sleep(time.Minute)
		p, b := rest()
		// A ping says a number and a digest that are left out while they are 0: 13 bytes. Whom
		// memberlist probes and when is random.
		if p > 1.1*packets || b > 1.1*packetBytes+13*packets {
			t.Errorf("%.1f packets with %.0f bytes; without any session %.1f with %.0f", p, b, packets, packetBytes)
		}
	})
}
