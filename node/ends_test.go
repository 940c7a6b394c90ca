package node

import (
	"slices"
	"testing"
	"time"
)

func TestEndsOfASession(t *testing.T) {
	const timeout = 13 * time.Second
	for _, tt := range []struct {
		name  string
		held  *Held
		given int64
		want  []End
	}{
		{"nobody tells", nil, 0, nil},
		{"nobody tells, and its node is late", nil, 50_000, []End{{"node_lost", 50_000}}},
		{"anonymous", &Held{Socket: true, LastFrame: 10_000}, 0, []End{{"timeout", 23_000}}},
		{"a token that lasts", &Held{Socket: true, LastFrame: 10_000, TokenUntil: 90_000}, 0, []End{{"timeout", 23_000}, {"expired", 90_000}}},
		{"a token that is nearly over", &Held{Socket: true, LastFrame: 10_000, TokenUntil: 12_000}, 0, []End{{"expired", 12_000}, {"timeout", 23_000}}},
		{"in grace", &Held{GraceUntil: 12_000}, 0, []End{{"closed", 12_000}}},
		{"in grace on a late node", &Held{GraceUntil: 12_000}, 11_000, []End{{"node_lost", 11_000}, {"closed", 12_000}}},
		{"doubted", &Held{Socket: true, LastFrame: 1_000, GraceUntil: 12_000, TokenUntil: 90_000}, 0, []End{{"timeout", 12_000}}},
		{"held by nobody", &Held{}, 0, nil},
	} {
		if got := endsOf(HeldSession{Held: tt.held}, timeout, tt.given); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestAUserLeavesWithTheLastOfHerSessions(t *testing.T) {
	ends := func(e ...End) HeldSession { return HeldSession{Ends: e} }
	for _, tt := range []struct {
		name     string
		sessions []HeldSession
		want     *End
	}{
		{"none", nil, nil},
		{"one that nobody tells of", []HeldSession{ends()}, nil},
		{"one", []HeldSession{ends(End{"timeout", 5}, End{"expired", 9})}, &End{"timeout", 5}},
		{"the later of two", []HeldSession{ends(End{"timeout", 5}), ends(End{"closed", 7}, End{"node_lost", 8}), ends(End{"expired", 2})}, &End{"closed", 7}},
	} {
		got := lastEnd(tt.sessions)
		if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
