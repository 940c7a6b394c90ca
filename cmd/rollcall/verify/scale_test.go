package verify

import (
	"fmt"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
)

// BenchmarkRoundOf100000Sessions tells what a round costs of a cluster with 100,000 sessions in two channels
// each: time, and bytes of all that is kept of it.
func BenchmarkRoundOf100000Sessions(b *testing.B) {
	const sessions = 100_000
	b.ReportAllocs()
	for b.Loop() {
		truth := NewTruth()
		for i := range sessions {
			s := held(fmt.Sprintf("a-%d", i), fmt.Sprintf("user%d", i), "online", socket, "lobby", fmt.Sprintf("room.%d", i%1000))
			truth.Add(s)
		}
		truth.Asked("a")
		c := Compare(truth, "a", map[string]bool{"a": true})
		for i := range sessions {
			var part admin.Shown
			part.Sessions = []admin.ShownSession{{ID: fmt.Sprintf("a-%d", i), NodeID: "a"}}
			part.Members = make([]admin.ShownMember, 2)
			part.Members[0].Channel, part.Members[0].Member.User = "lobby", fmt.Sprintf("user%d", i)
			part.Members[1].Channel, part.Members[1].Member.User = fmt.Sprintf("room.%d", i%1000), fmt.Sprintf("user%d", i)
			c.Take(part)
		}
		c.End()
		if found := c.Confirm(truth); len(found) > 0 {
			b.Fatalf("%d differences", len(found))
		}
	}
}
