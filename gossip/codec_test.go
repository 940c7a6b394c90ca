package gossip

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip/wire"
)

const wall = 1_800_000_000_000

var (
	nodeA = channels.NodeID{1, 2, 3}
	nodeB = channels.NodeID{4, 5, 6}
)

// samples are frames with something in every field.
func samples() []*Frame {
	ping := &Ping{Node: nodeA, Beat: 7, Number: 8, Digest: 9, Interval: 10_000, Timeout: 13_000, Life: Draining, Clock: 5, Yours: 6,
		Asks: []channels.NodeID{nodeB}, Hearsay: []Hearsay{{Node: nodeB, Beat: 1, Age: 2, Number: 3, Digest: 4, Readable: true, Left: true}}}
	end := &channels.End{Reason: channels.ReasonKicked, Elsewhere: []channels.Place{{Node: nodeB, Number: 5}}}
	session := &channels.Session{ID: 1, User: "alice", State: channels.Away, Active: wall - 5, Profile: `{"a":1}`,
		Details: channels.NewDetails(netip.MustParseAddr("192.0.2.7"), "Mozilla/5.0", `{"app":"chat"}`, wall-7),
		Choice:  &channels.Choice{Status: channels.StatusBusy, Text: "in a meeting", Stamp: 3, By: nodeB, Asserted: true}}
	return []*Frame{
		{Ping: ping},
		{Ping: ping, Wants: &Wants{Serial: 1, Wants: []Want{{nodeB, 5, true}, {nodeA, 0, false}}}},
		{Ping: ping, Resumed: []Resumed{{5, "alice"}}},
		{Ping: ping, Answer: &Answer{Origin: nodeB, Gone: true}},
		{Ping: ping, Answer: &Answer{Origin: nodeB, Serial: 2, From: 3, To: 9, Tip: 12, Final: true, Digest: 11, Items: []Item{
			{1, channels.Change{Number: 4, Session: session}},
			{2, channels.Change{Number: 5, Membership: &channels.Membership{ID: 2, Session: 1, Channel: "room", Data: `{"x":"y"}`, Stamp: 2, Since: wall - 60_000}}},
			{3, channels.Change{Number: 6, End: &channels.End{Reason: channels.ReasonLeft}}},
			{4, channels.Change{Number: 7, End: end, Session: &channels.Session{ID: 4, User: "bob", State: channels.Online}}},
			{5, channels.Change{Number: 8, End: end, Membership: &channels.Membership{ID: 5, Session: 4, Channel: "room", Since: wall}}},
			{6, channels.Change{Number: 9, Session: &channels.Session{ID: 6, State: channels.Online,
				Details: channels.NewDetails(netip.MustParseAddr("2001:db8::1"), "", "", wall)}}},
		}}},
		{Ping: ping, Wants: &Wants{Serial: 1, Seen: true}},
		{Ping: ping, Orders: []Order{{ID: 1, User: "alice", Status: channels.StatusBusy, Text: "in a meeting"}, {ID: 2, Session: 7, Text: "why"}},
			Receipts: []Receipt{{ID: 3, Sessions: 2, Number: 9}, {ID: 4}}},
		{Ping: ping, Orders: []Order{{ID: 5, User: "alice", Query: true}, {ID: 6, Query: true}},
			Accounts: []Receipt{{ID: 7, Number: 9, Account: &Account{Held: []Held{fullHeld, {Session: 2}, {Session: 3, InGrace: true}}}},
				{ID: 8, Account: &Account{Sessions: 5, Anonymous: 2, Beliefs: []Belief{{nodeA, false}, {nodeB, true}}}}}},
		{Ping: ping, Seen: []channels.Seen{{User: "alice", Age: time.Minute}, {User: "bob"}}, SeenAll: true},
	}
}

func TestFramesTravelUnchanged(t *testing.T) {
	for i, f := range samples() {
		body, err := f.Append(nil, wall)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeFrame(body, wall)
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if f.Answer != nil && len(f.Answer.Items) == 0 {
			got.Answer.Items = nil
		}
		if got.Answer != nil {
			for k := range got.Answer.Items {
				if m := got.Answer.Items[k].Membership; m != nil && got.Answer.Items[k].End != nil {
					m.Since = f.Answer.Items[k].Membership.Since // an end's date is nobody's business
				}
			}
		}
		if !reflect.DeepEqual(got, f) {
			t.Errorf("frame %d came as %+v, want %+v", i, got, f)
		}
	}
}

func TestDatesTravelAsAges(t *testing.T) {
	const days = 3 * 24 * 3600 * 1000
	body, err := samples()[4].Append(nil, wall)
	if err != nil {
		t.Fatal(err)
	}
	f, err := DecodeFrame(body, wall-days) // by a clock that is days behind
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Answer.Items[1].Membership.Since; got != wall-days-60_000 {
		t.Errorf("a minute ago came as %d, want a minute before the reader's now", got-(wall-days))
	}
	late, err := samples()[4].Append(nil, wall-days) // the dates are from the sender's future
	if err != nil {
		t.Fatal(err)
	}
	if f, err = DecodeFrame(late, wall); err != nil || f.Answer.Items[1].Membership.Since != wall {
		t.Errorf("a date from the future came as %d, %v, want now", f.Answer.Items[1].Membership.Since-wall, err)
	}
}

func TestMalformedFramesAreRefused(t *testing.T) {
	id := nodeA[:]
	ping := &wire.Ping{Node: id}
	long := string(bytes.Repeat([]byte("x"), MaxData+1))
	entry := func(e *wire.Entry) *wire.Frame {
		return &wire.Frame{Ping: ping, Answer: &wire.Answer{Origin: id, To: 9, Entries: []*wire.Entry{e}}}
	}
	many := &wire.Answer{Origin: id}
	for range answerItems + 1 {
		many.Entries = append(many.Entries, &wire.Entry{Id: 1, Number: 1})
	}
	for name, pb := range map[string]*wire.Frame{
		"no ping":             {},
		"short node id":       {Ping: &wire.Ping{Node: id[:15]}},
		"long node id":        {Ping: &wire.Ping{Node: append(id[:16:16], 0)}},
		"too many asks":       {Ping: &wire.Ping{Node: id, Asks: make([][]byte, maxPeers+1)}},
		"too many wants":      {Ping: ping, Wants: &wire.Wants{Wants: make([]*wire.Want, maxPeers+1)}},
		"too many entries":    {Ping: ping, Answer: many},
		"whole from 5":        {Ping: ping, Answer: &wire.Answer{Origin: id, Whole: true, From: 5}},
		"empty entry":         entry(&wire.Entry{Id: 1, Number: 1}),
		"entry without id":    entry(&wire.Entry{Number: 1, End: &wire.End{Reason: 1}}),
		"both kinds":          entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1}, Membership: &wire.Membership{Session: 1, Channel: "c"}}),
		"state of no session": entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 4}}),
		"long user":           entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, User: long[:256]}}),
		"too many seen":       {Ping: ping, Seen: make([]*wire.Seen, maxSeen+1)},
		"long user seen":      {Ping: ping, Seen: []*wire.Seen{{User: long[:256]}}},
		"nobody seen":         {Ping: ping, Seen: []*wire.Seen{{AgeMs: 1}}},
		"long profile":        entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, Profile: long[:MaxProfile+1]}}),
		"long agent":          entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, Details: &wire.Details{Agent: long[:MaxAgent+1]}}}),
		"long meta":           entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, Details: &wire.Details{Meta: long[:MaxMeta+1]}}}),
		"odd address":         entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, Details: &wire.Details{Address: id[:5]}}}),
		"too many orders":     {Ping: ping, Orders: make([]*wire.Order, frameOrders+1)},
		"too many receipts":   {Ping: ping, Receipts: make([]*wire.Receipt, frameOrders+1)},
		"long user ordered":   {Ping: ping, Orders: []*wire.Order{{User: long[:256]}}},
		"long text ordered":   {Ping: ping, Orders: []*wire.Order{{Text: long[:MaxText+1]}}},
		"unknown status":      entry(&wire.Entry{Id: 1, Session: &wire.Session{State: 1, Choice: &wire.Choice{Status: 9, By: id}}}),
		"long data":           entry(&wire.Entry{Id: 1, Membership: &wire.Membership{Session: 1, Channel: "c", Data: long}}),
		"no channel":          entry(&wire.Entry{Id: 1, Membership: &wire.Membership{Session: 1}}),
		"too many places":     entry(&wire.Entry{Id: 1, End: &wire.End{Reason: 1, Elsewhere: make([]*wire.Place, channels.MaxPlaces+1)}}),
	} {
		body, err := proto.Marshal(pb)
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := DecodeFrame(body, wall); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want ErrMalformed", name, err)
		}
	}
	if _, err := DecodeFrame(make([]byte, MaxFrame+1), wall); !errors.Is(err, ErrMalformed) {
		t.Errorf("frame over the bound: error %v, want ErrMalformed", err)
	}
	if _, err := DecodePing(make([]byte, MaxPacket+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("datagram over the bound: error %v, want ErrMalformed", err)
	}
}

// TestEmptyPartsAreCountedBeforeTheyAreMade: a frame of a megabyte can name half a
// million empty parts.
func TestEmptyPartsAreCountedBeforeTheyAreMade(t *testing.T) {
	for name, part := range map[string][]byte{
		"entries": {7<<3 | 2, 0},
		"places":  {7<<3 | 2, 4, 5<<3 | 2, 2, 2<<3 | 2, 0},
	} {
		answer := bytes.Repeat(part, 900_000/len(part))
		body := append([]byte{3<<3 | 2}, varint(uint64(len(answer)))...)
		body = append(body, answer...)
		allocs := testing.AllocsPerRun(1, func() {
			if _, err := DecodeFrame(body, wall); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: error %v, want ErrMalformed", name, err)
			}
		})
		if allocs > 20 {
			t.Errorf("%s: %v allocations for what is refused", name, allocs)
		}
	}
}

func varint(n uint64) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// TestLargestEntryFitsIntoAFrame: the estimate that ends an answer leaves room for it.
func TestLargestEntryFitsIntoAFrame(t *testing.T) {
	led := newLedger(minGone)
	big := string(bytes.Repeat([]byte("x"), MaxData))
	for id := range uint64(20) {
		led.set(0, Item{id + 1, channels.Change{Number: id + 1, Membership: &channels.Membership{ID: id + 1, Session: 1, Channel: big[:MaxName], Data: big}}})
	}
	for cur := (&cursor{fresh: true}); cur.pending(led); {
		body, err := (&Frame{Ping: &Ping{}, Answer: cur.advance(led, answerItems)}).Append(nil, wall)
		if err != nil || len(body) > MaxFrame {
			t.Fatalf("frame of %d bytes, %v, want at most %d", len(body), err, MaxFrame)
		}
	}
}

func FuzzDecodeFrame(f *testing.F) {
	for _, s := range samples() {
		body, err := s.Append(nil, wall)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		frame, err := DecodeFrame(body, wall)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v is not ErrMalformed", err)
			}
			return
		}
		again, err := frame.Append(nil, wall)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		same, err := DecodeFrame(again, wall)
		if err != nil || !reflect.DeepEqual(same, frame) {
			t.Fatalf("decoded again it is %+v, %v, want %+v", same, err, frame)
		}
	})
}

func FuzzDecodePing(f *testing.F) {
	f.Add(encodePing(samples()[0].Ping))
	f.Fuzz(func(t *testing.T, body []byte) {
		ping, err := DecodePing(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v is not ErrMalformed", err)
			}
			return
		}
		if same, err := DecodePing(encodePing(ping)); err == nil && !reflect.DeepEqual(same, ping) {
			t.Fatalf("decoded again it is %+v, want %+v", same, ping)
		}
	})
}

// FuzzReceive lets a stranger with the key say what he wants on a stream and by
// datagram: nothing of it may crash a core or grow it beyond its bounds.
func FuzzReceive(f *testing.F) {
	for _, s := range samples() {
		body, err := s.Append(nil, wall)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, body)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		now := time.UnixMilli(wall)
		view := channels.New(channels.Config{Self: nodeB, Grace: 3 * time.Second, Timeout: 13 * time.Second})
		c := New(Config{Self: nodeB, Interval: 10 * time.Second, Timeout: 13 * time.Second, View: view, Rand: rand.New(rand.NewPCG(1, 1))}, now)
		c.Met(now, nodeA, Peer{Addr: "a"})
		links := []*Link{c.Opened(now, nodeA), c.Accepted(now)}
		for i, body := range [][]byte{first, second, first} {
			c.Packet(now, body)
			if frame, err := DecodeFrame(body, wall); err == nil {
				for _, l := range links {
					if c.Receive(now, l, frame) != nil {
						c.Closed(now, l)
					}
				}
			}
			for range 3 {
				for _, l := range links {
					if frame := c.Next(now, l); frame != nil {
						if body, err := frame.Append(nil, wall); err != nil || len(body) > MaxFrame {
							t.Fatalf("answers with %d bytes, %v", len(body), err)
						}
					}
				}
			}
			now = now.Add(time.Duration(i+1) * 5 * time.Second)
			c.Tick(now)
			c.Take()
		}
		if len(c.peers) > maxPeers {
			t.Fatalf("knows %d peers", len(c.peers))
		}
	})
}
