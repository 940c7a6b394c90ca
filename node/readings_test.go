package node

import (
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestOldestKeySetCounts(t *testing.T) {
	at := func(s int64) auth.KeySetStatus {
		return auth.KeySetStatus{Keys: 2, Fetched: time.Unix(s, 0), Fetches: 10, Failures: 3}
	}
	for _, tt := range []struct {
		name string
		sets []auth.KeySetStatus
		want keyState
	}{
		{"no set", nil, keyState{}},
		{"one", []auth.KeySetStatus{at(1000)}, keyState{1, 2, 10, 3, 1000}},
		{"two", []auth.KeySetStatus{at(2000), at(1000)}, keyState{2, 4, 20, 6, 1000}},
		{"one was never fetched", []auth.KeySetStatus{at(1000), {Fetches: 1, Failures: 1}}, keyState{2, 2, 11, 4, 0}},
	} {
		if got := keyStateOf(tt.sets); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestEndOfTheCertificateIsTold(t *testing.T) {
	n := withEverything(t)
	want := strconv.FormatInt(n.certificate.now.Load().Leaf.NotAfter.Unix(), 10)
	got := n.series(t, "rollcall_node_certificate_expiry_timestamp_seconds")
	if strconv.FormatInt(int64(got), 10) != want {
		t.Errorf("it is said to end at %v, want %s", got, want)
	}
}
