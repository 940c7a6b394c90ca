package gossip

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip/wire"
)

// fullHeld has something in every field.
var fullHeld = Held{Session: 1 << 60, Socket: true, Silent: time.Hour, InGrace: true, Grace: time.Minute, Token: 2 * time.Hour}

func TestQueryIsNoOrderForWhoDoesNotKnowIt(t *testing.T) {
	body, err := (&Frame{Ping: &Ping{}, Orders: []Order{{ID: 1, User: "alice", Query: true}}}).Append(nil, wall)
	if err != nil {
		t.Fatal(err)
	}
	var pb wire.Frame
	if err := proto.Unmarshal(body, &pb); err != nil {
		t.Fatal(err)
	}
	if len(pb.Orders) != 0 || len(pb.Queries) != 1 {
		t.Errorf("%d orders and %d queries: a node that knows orders alone would end all sessions of alice", len(pb.Orders), len(pb.Queries))
	}
}

func TestAccountIsTheOutcomeOfAQuery(t *testing.T) {
	l, link := linked(t)
	id, err := l.Order(l.now, peerOfOrders, Order{User: "alice", Query: true})
	if err != nil {
		t.Fatal(err)
	}
	if orders, _, _ := l.drain(link); len(orders) != 1 || orders[0] != (Order{ID: id, User: "alice", Query: true}) {
		t.Fatalf("sent %+v", orders)
	}
	want := &Account{Held: []Held{fullHeld}}
	l.hears(t, link, &Frame{Accounts: []Receipt{{ID: id, Account: want}}})
	if got := l.Take().Outcomes; len(got) != 1 || got[0].ID != id || got[0].Err != nil || !reflect.DeepEqual(got[0].Account, want) {
		t.Errorf("outcomes %+v, want the account", got)
	}

	id, _ = l.Order(l.now, peerOfOrders, Order{Query: true})
	l.drain(link)
	l.now = l.now.Add(13 * time.Second)
	l.Tick(l.now)
	if got := l.Take().Outcomes; len(got) != 1 || got[0].ID != id || !errors.Is(got[0].Err, ErrUnanswered) {
		t.Errorf("outcomes %+v, want none that answered", got)
	}
}

func TestQueryThatComesTwiceIsAnsweredTwiceAndNotRemembered(t *testing.T) {
	l, link := linked(t)
	for range 2 {
		l.hears(t, link, &Frame{Orders: []Order{{ID: 7, User: "alice", Query: true}}})
		asked := l.Take().Orders
		if len(asked) != 1 || asked[0].From != peerOfOrders || !asked[0].Query || asked[0].User != "alice" {
			t.Fatalf("asked %+v", asked)
		}
		asked[0].Account = Account{Held: slices.Repeat([]Held{fullHeld}, maxHeld+1)}
		l.Obeyed(l.now, asked[0])
		got := l.accountsOn(link)
		if len(got) != 1 || got[0].ID != 7 || len(got[0].Account.Held) != maxHeld {
			t.Errorf("told %d accounts, want one of %d sessions", len(got), maxHeld)
		}
	}
	if len(l.obeyed) != 0 {
		t.Errorf("%d queries are remembered", len(l.obeyed))
	}
}

func TestAccountsThatWaitAreBounded(t *testing.T) {
	l, link := linked(t)
	for range maxAccounts + 5 {
		l.Obeyed(l.now, Ordered{From: peerOfOrders, Order: Order{ID: 1, Query: true}})
	}
	if got := l.accountsOn(link); len(got) != maxAccounts || l.Stats().ReceiptsDropped != 5 {
		t.Errorf("%d accounts are told and %d dropped, want %d and 5", len(got), l.Stats().ReceiptsDropped, maxAccounts)
	}
	l.Obeyed(l.now, Ordered{From: channels.NodeID{9}, Order: Order{ID: 1, Query: true}}) // who has no stream
	if got := l.Stats().ReceiptsDropped; got != 6 {
		t.Errorf("%d dropped, want 6", got)
	}
}

// accountsOn takes what is told on a stream, in frames that fit.
func (l *lone) accountsOn(link *Link) (all []Receipt) {
	for f := l.Next(l.now, link); f != nil; f = l.Next(l.now, link) {
		if len(f.Accounts) == 0 && f.Wants == nil {
			break
		}
		all = append(all, f.Accounts[:min(len(f.Accounts), frameAccounts)]...)
	}
	return all
}

func TestAccountsBeyondTheBoundsAreMalformed(t *testing.T) {
	for what, a := range map[string]*wire.Frame{
		"accounts": {Accounts: slices.Repeat([]*wire.Account{{}}, frameAccounts+1)},
		"sessions": {Accounts: []*wire.Account{{Held: slices.Repeat([]*wire.Held{{}}, maxHeld+1)}}},
		"beliefs":  {Accounts: []*wire.Account{{Beliefs: slices.Repeat([]*wire.Belief{{Node: nodeA[:]}}, maxPeers+1)}}},
		"a node":   {Accounts: []*wire.Account{{Beliefs: []*wire.Belief{{Node: []byte{1}}}}}},
		"queries":  {Queries: slices.Repeat([]*wire.Query{{}}, frameOrders+1)},
		"a user":   {Queries: []*wire.Query{{User: string(make([]byte, MaxName+1))}}},
	} {
		a.Ping = (&Ping{}).proto()
		body, err := proto.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFrame(body, wall); !errors.Is(err, ErrMalformed) {
			t.Errorf("too much of %s: %v", what, err)
		}
	}
}
