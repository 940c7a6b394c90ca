package node

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

func TestWhoFollowsTheCountIsToldOfNothingElse(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		node := w.cluster(1)[0]
		carol, alice := w.open(node, "carol"), w.open(node, "alice")
		carol.do(client.Request{Type: "watch", Channel: "room", Mode: "count"})
		counts := func(want ...int) {
			t.Helper()
			time.Sleep(2 * countEvery)
			var got []int
			for _, m := range carol.all("count") {
				got = append(got, m.Count)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("told of the counts %v, want %v", got, want)
			}
		}
		alice.join("room")
		counts(1)
		for i := range 50 {
			alice.do(client.Request{Type: "update", Channel: "room", Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))})
			time.Sleep(countEvery / 10)
		}
		counts(1)
		w.open(node, "bob").join("room")
		counts(1, 2)
	})
}
