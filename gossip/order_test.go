package gossip

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

var peerOfOrders = channels.NodeID{2}

// linked is a lone core with a stream to a peer that has proved itself.
func linked(t *testing.T) (*lone, *Link) {
	t.Helper()
	l := newLone()
	l.met(peerOfOrders)
	link := l.Opened(l.now, peerOfOrders)
	l.hears(t, link, &Frame{})
	l.drain(link)
	return l, link
}

// hears takes in a frame of the peer with a new beat.
func (l *lone) hears(t *testing.T, link *Link, f *Frame) {
	t.Helper()
	beat := uint64(1)
	if p, ok := l.Peer(peerOfOrders); ok {
		beat = p.Beat + 1
	}
	f.Ping = &Ping{Node: peerOfOrders, Beat: beat, Interval: 10_000, Timeout: 13_000}
	if err := l.Receive(l.now, link, f); err != nil {
		t.Fatal(err)
	}
}

// drain returns the orders and receipts that are to go over a stream, and the fullest frame.
func (l *lone) drain(link *Link) (orders []Order, receipts []Receipt, fullest int) {
	for f := l.Next(l.now, link); f != nil; f = l.Next(l.now, link) {
		orders, receipts = append(orders, f.Orders...), append(receipts, f.Receipts...)
		fullest = max(fullest, len(f.Orders), len(f.Receipts))
		if f.Wants == nil && len(f.Orders)+len(f.Receipts) == 0 {
			break
		}
	}
	return orders, receipts, fullest
}

func (l *lone) orderPeer(t *testing.T) uint64 {
	t.Helper()
	id, err := l.Order(l.now, peerOfOrders, Order{User: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (l *lone) wantOutcome(t *testing.T, what string, want ...Outcome) {
	t.Helper()
	got := l.Take().Outcomes
	if len(got) != len(want) || len(got) > 0 && (got[0].ID != want[0].ID || got[0].Sessions != want[0].Sessions || !errors.Is(got[0].Err, want[0].Err)) {
		t.Errorf("%s: outcomes %+v, want %+v", what, got, want)
	}
}

func TestOrderIsOverWhenItsReceiptIsHere(t *testing.T) {
	l, link := linked(t)
	id := l.orderPeer(t)
	if orders, _, _ := l.drain(link); len(orders) != 1 || orders[0] != (Order{ID: id, User: "alice"}) {
		t.Fatalf("sent %+v", orders)
	}
	if orders, _, _ := l.drain(link); len(orders) != 0 {
		t.Errorf("sent again: %+v", orders)
	}
	l.hears(t, link, &Frame{Receipts: []Receipt{{ID: id + 1, Sessions: 5}}})
	l.wantOutcome(t, "the receipt of another order")
	l.hears(t, link, &Frame{Receipts: []Receipt{{ID: id, Sessions: 2}, {ID: id, Sessions: 3}}})
	l.wantOutcome(t, "its receipt", Outcome{ID: id, Sessions: 2})
	l.hears(t, link, &Frame{Receipts: []Receipt{{ID: id, Sessions: 2}}})
	l.wantOutcome(t, "its receipt again")
}

func TestOrderIsOverOnlyWhenTheTableHasBeenRead(t *testing.T) {
	l, link := linked(t)
	id := l.orderPeer(t)
	l.drain(link)
	l.hears(t, link, &Frame{Receipts: []Receipt{{ID: id, Sessions: 2, Number: 1}}})
	l.wantOutcome(t, "the receipt alone")
	item := Item{ID: 1, Change: channels.Change{Number: 1, Session: &channels.Session{ID: 1, State: channels.Online}}}
	l.hears(t, link, &Frame{Answer: &Answer{Origin: peerOfOrders, Serial: link.serial, To: 1, Tip: 1, Final: true, Digest: mix(1, 1), Items: []Item{item}}})
	l.wantOutcome(t, "the receipt and the table", Outcome{ID: id, Sessions: 2})

	id = l.orderPeer(t)
	l.drain(link)
	l.hears(t, link, &Frame{Receipts: []Receipt{{ID: id, Sessions: 2, Number: 7}}})
	l.now = l.now.Add(13 * time.Second)
	l.hears(t, link, &Frame{}) // what was done is known, although the table does not come
	l.wantOutcome(t, "the receipt and the timeout", Outcome{ID: id, Sessions: 2})
}

func TestOrderGoesOverTheNextStreamIfOneEnds(t *testing.T) {
	l, link := linked(t)
	id := l.orderPeer(t)
	l.drain(link)
	l.Closed(l.now, link)
	link = l.Opened(l.now, peerOfOrders)
	if orders, _, _ := l.drain(link); len(orders) != 0 {
		t.Fatalf("sent %+v to whoever answers there", orders)
	}
	l.hears(t, link, &Frame{})
	if orders, _, _ := l.drain(link); len(orders) != 1 || orders[0].ID != id {
		t.Errorf("sent %+v on the next stream, want the order again", orders)
	}
}

func TestOrderThatIsNotAnsweredIsOverAfterTheTimeout(t *testing.T) {
	l, link := linked(t)
	id := l.orderPeer(t)
	l.drain(link)
	l.now = l.now.Add(13*time.Second - 1)
	l.hears(t, link, &Frame{})
	l.wantOutcome(t, "just before the timeout")
	l.now = l.now.Add(1)
	l.hears(t, link, &Frame{})
	l.wantOutcome(t, "at the timeout", Outcome{ID: id, Err: ErrUnanswered})

	id = l.orderPeer(t)
	l.Closed(l.now, link)
	l.now = l.now.Add(13 * time.Second)
	l.Packet(l.now, encodePing(&Ping{Node: peerOfOrders, Beat: 100, Interval: 10_000, Timeout: 13_000}))
	l.Tick(l.now)
	l.wantOutcome(t, "without a stream", Outcome{ID: id, Err: ErrUnreachable})
}

func TestOrderIsOverWhenItsNodeIsGone(t *testing.T) {
	l, link := linked(t)
	id := l.orderPeer(t)
	l.Packet(l.now, encodePing(&Ping{Node: peerOfOrders, Beat: 100, Life: Left}))
	l.Tick(l.now)
	l.wantOutcome(t, "goodbye", Outcome{ID: id, Err: ErrLost})
	if _, err := l.Order(l.now, peerOfOrders, Order{}); !errors.Is(err, ErrLost) {
		t.Errorf("an order to who has left: %v, want ErrLost", err)
	}
	if _, err := l.Order(l.now, channels.NodeID{9}, Order{}); !errors.Is(err, ErrLost) {
		t.Errorf("an order to a stranger: %v, want ErrLost", err)
	}
	l.Closed(l.now, link)
}

func TestOrdersThatWaitAreBounded(t *testing.T) {
	l, link := linked(t)
	for range maxOrders {
		l.orderPeer(t)
	}
	if _, err := l.Order(l.now, peerOfOrders, Order{}); !errors.Is(err, ErrTooMany) || l.Stats().OrdersRefused != 1 {
		t.Errorf("one order too many: %v", err)
	}
	if orders, _, fullest := l.drain(link); len(orders) != maxOrders || fullest != frameOrders {
		t.Errorf("%d orders sent, %d in the fullest frame; want %d, %d", len(orders), fullest, maxOrders, frameOrders)
	}
}

func TestOrderThatComesTwiceIsCarriedOutOnce(t *testing.T) {
	l, link := linked(t)
	order := Order{ID: 7, User: "alice"}
	l.hears(t, link, &Frame{Orders: []Order{order}})
	all := l.Take().Orders
	if len(all) != 1 || all[0].From != peerOfOrders || all[0].Order != order {
		t.Fatalf("to be carried out: %+v", all)
	}
	all[0].Sessions = []uint64{4, 5}
	l.Obeyed(l.now, all[0])
	for range 2 {
		if _, receipts, _ := l.drain(link); len(receipts) != 1 || receipts[0].ID != 7 || receipts[0].Sessions != 2 {
			t.Errorf("receipts %+v, want that of two sessions", receipts)
		}
		l.hears(t, link, &Frame{Orders: []Order{order}})
		if again := l.Take().Orders; len(again) != 0 {
			t.Errorf("to be carried out again: %+v", again)
		}
	}
}

func TestReceiptsThatWaitAreBounded(t *testing.T) {
	l, link := linked(t)
	for id := range uint64(maxReceipts + 10) {
		l.Obeyed(l.now, Ordered{From: peerOfOrders, Order: Order{ID: id + 1}})
	}
	if _, receipts, fullest := l.drain(link); len(receipts) != maxReceipts || fullest != frameOrders || l.Stats().ReceiptsDropped != 10 || len(l.obeyed) != maxReceipts {
		t.Errorf("%d receipts sent, %d in the fullest frame, %d dropped, %d remembered", len(receipts), fullest, l.Stats().ReceiptsDropped, len(l.obeyed))
	}
	l.hears(t, link, &Frame{Orders: []Order{{ID: 1}}}) // forgotten: what is done already is done to nobody
	if all := l.Take().Orders; len(all) != 1 {
		t.Errorf("an order that was forgotten is taken as %+v", all)
	}
}

// TestFullestFrameOfOrdersFits: orders with the longest names go with all that may go with them.
func TestFullestFrameOfOrdersFits(t *testing.T) {
	long := string(make([]byte, MaxName))
	f := &Frame{Ping: &Ping{}}
	for range frameOrders {
		f.Orders = append(f.Orders, Order{ID: 1 << 60, User: long, Session: 1 << 60, Text: long})
		f.Receipts = append(f.Receipts, Receipt{ID: 1 << 60, Sessions: maxStaged, Number: 1 << 60})
	}
	account := &Account{Sessions: maxStaged, Anonymous: maxStaged, Held: slices.Repeat([]Held{fullHeld}, maxHeld), Beliefs: slices.Repeat([]Belief{{nodeB, true}}, maxPeers)}
	for range frameAccounts {
		f.Accounts = append(f.Accounts, Receipt{ID: 1 << 60, Number: 1 << 60, Account: account})
	}
	for range maxResumed {
		f.Resumed = append(f.Resumed, Resumed{1 << 60, long})
	}
	for range maxPeers {
		f.Ping.Asks = append(f.Ping.Asks, nodeB)
		f.Ping.Hearsay = append(f.Ping.Hearsay, Hearsay{Node: nodeB, Beat: 1 << 60, Age: maxAge, Number: 1 << 60, Digest: 1 << 60, Readable: true, Left: true})
	}
	body, err := f.Append(nil, wall)
	if err != nil || len(body) > MaxFrame {
		t.Errorf("frame of %d bytes, %v, want at most %d", len(body), err, MaxFrame)
	}
}
