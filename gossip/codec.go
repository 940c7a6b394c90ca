package gossip

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-presence/rollcall/gossip/wire"
)

// Bounds on what is read off the wire. They belong to the protocol: every node
// has the same, whatever its flags say.
const (
	MaxFrame   = 1 << 20         // bytes of a frame's body
	MaxPacket  = 1400            // bytes of a datagram's ping
	MaxData    = 64 << 10        // bytes of a membership's data
	MaxName    = 255             // bytes of a user or channel
	MaxProfile = 1 << 10         // bytes of a profile
	MaxText    = 256             // bytes of a status text
	MaxAgent   = 256             // bytes of a connection's User-Agent
	MaxMeta    = 1 << 10         // bytes of what a client tells of its connection
	maxPeers   = 1024            // nodes of a cluster, and all lists of them
	maxParts   = 8 * answerItems // messages within a frame
)

// Append appends the encoded frame to buf. Dates travel as ages at wall, in Unix
// milliseconds. The entries that a frame names are never changed, so that frames
// are encoded without the lock of the core.
func (f *Frame) Append(buf []byte, wall int64) ([]byte, error) {
	pb := &wire.Frame{Ping: f.Ping.proto(), SeenAll: f.SeenAll}
	if f.Wants != nil {
		pb.Wants = &wire.Wants{Serial: f.Wants.Serial, Seen: f.Wants.Seen}
		for _, w := range f.Wants.Wants {
			pb.Wants.Wants = append(pb.Wants.Wants, &wire.Want{Origin: w.Origin[:], After: w.After, Whole: w.Whole})
		}
	}
	if f.Answer != nil {
		pb.Answer = f.Answer.proto(wall)
	}
	for _, r := range f.Resumed {
		pb.Resumed = append(pb.Resumed, &wire.Resumed{Session: r.Session, User: r.User})
	}
	for _, s := range f.Seen {
		pb.Seen = append(pb.Seen, &wire.Seen{User: s.User, AgeMs: uint64(max(0, s.Age.Milliseconds()))})
	}
	for _, o := range f.Orders {
		if o.Query {
			pb.Queries = append(pb.Queries, &wire.Query{Id: o.ID, User: o.User})
			continue
		}
		pb.Orders = append(pb.Orders, &wire.Order{Id: o.ID, User: o.User, Session: o.Session, Status: uint32(o.Status), Text: o.Text})
	}
	for _, r := range f.Receipts {
		pb.Receipts = append(pb.Receipts, &wire.Receipt{Id: r.ID, Sessions: uint64(r.Sessions), Number: r.Number})
	}
	for _, r := range f.Accounts {
		pb.Accounts = append(pb.Accounts, r.Account.proto(r.ID, r.Number))
	}
	buf, err := proto.MarshalOptions{}.MarshalAppend(buf, pb)
	if err != nil {
		return nil, fmt.Errorf("encode frame: %w", err)
	}
	return buf, nil
}

// DecodeFrame reads the body of a frame. Ages become dates at wall, in Unix
// milliseconds. Every bound is checked; errors wrap [ErrMalformed].
func DecodeFrame(body []byte, wall int64) (*Frame, error) {
	if len(body) > MaxFrame {
		return nil, malformed("frame of %d bytes, want at most %d", len(body), MaxFrame)
	}
	budget := maxParts
	if err := frameShape.count(body, &budget); err != nil {
		return nil, err
	}
	var pb wire.Frame
	if err := proto.Unmarshal(body, &pb); err != nil {
		return nil, malformed("frame: %v", err)
	}
	d := decoder{wall: wall}
	f := &Frame{Ping: d.ping(pb.Ping), Seen: d.seen(pb.Seen), SeenAll: pb.SeenAll}
	if pb.Wants != nil {
		f.Wants = d.wants(pb.Wants)
	}
	if pb.Answer != nil {
		f.Answer = d.answer(pb.Answer)
	}
	for _, r := range pb.Resumed {
		f.Resumed = append(f.Resumed, Resumed{r.Session, d.text("resumed user", r.User, MaxName)})
	}
	f.Orders, f.Receipts = append(d.orders(pb.Orders), d.queries(pb.Queries)...), d.receipts(pb.Receipts)
	f.Accounts = d.accounts(pb.Accounts)
	if d.err != nil {
		return nil, d.err
	}
	return f, nil
}

// encodePing returns the body of a datagram.
func encodePing(p *Ping) []byte {
	b, err := proto.Marshal(p.proto())
	if err != nil {
		panic(err) // byte strings and numbers only: cannot fail
	}
	return b
}

// DecodePing reads the body of a datagram. Errors wrap [ErrMalformed].
func DecodePing(body []byte) (*Ping, error) {
	if len(body) > MaxPacket {
		return nil, malformed("ping of %d bytes, want at most %d", len(body), MaxPacket)
	}
	var pb wire.Ping
	if err := proto.Unmarshal(body, &pb); err != nil {
		return nil, malformed("ping: %v", err)
	}
	d := decoder{}
	p := d.ping(&pb)
	if d.err != nil {
		return nil, d.err
	}
	return p, nil
}

// shape names the fields of a message that are messages, and their shapes.
type shape map[protowire.Number]shape

var (
	pingShape    = shape{9: nil}                                   // hearsay
	entryShape   = shape{3: {4: nil, 6: nil}, 4: nil, 5: {2: nil}} // session with choice and details, membership, end and places
	accountShape = shape{3: nil, 6: nil}                           // sessions held, beliefs
	// ping, wants, answer, resumed, seen, orders, receipts, queries, accounts
	frameShape = shape{1: pingShape, 2: {1: nil}, 3: {7: entryShape}, 4: nil, 5: nil, 7: nil, 8: nil, 9: nil, 10: accountShape}
)

// count refuses a message with more parts than any node sends, before anything
// is allocated for them: an empty part takes two bytes on the wire and a hundred
// in memory.
func (s shape) count(b []byte, budget *int) error {
	for len(b) > 0 {
		num, typ, size := protowire.ConsumeTag(b)
		if size < 0 {
			return malformed("broken tag")
		}
		b = b[size:]
		if size = protowire.ConsumeFieldValue(num, typ, b); size < 0 {
			return malformed("broken field")
		}
		if inner, ok := s[num]; ok && typ == protowire.BytesType {
			if *budget--; *budget < 0 {
				return malformed("message of more than %d parts", maxParts)
			}
			part, _ := protowire.ConsumeBytes(b)
			if err := inner.count(part, budget); err != nil {
				return err
			}
		}
		b = b[size:]
	}
	return nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func (p *Ping) proto() *wire.Ping {
	pb := &wire.Ping{Node: p.Node[:], Beat: p.Beat, Number: p.Number, Digest: p.Digest,
		IntervalMs: uint64(p.Interval), TimeoutMs: uint64(p.Timeout), Life: wire.Life(p.Life),
		ClockMs: uint64(p.Clock), YoursMs: uint64(p.Yours)}
	for i := range p.Asks {
		pb.Asks = append(pb.Asks, p.Asks[i][:])
	}
	for i := range p.Hearsay {
		h := &p.Hearsay[i]
		pb.Hearsay = append(pb.Hearsay, &wire.Hearsay{Node: h.Node[:], Beat: h.Beat, AgeMs: uint64(h.Age),
			Number: h.Number, Digest: h.Digest, Readable: h.Readable, Left: h.Left})
	}
	return pb
}

func (a *Answer) proto(wall int64) *wire.Answer {
	pb := &wire.Answer{Origin: a.Origin[:], Serial: a.Serial, From: a.From, To: a.To, Whole: a.Whole,
		Final: a.Final, Digest: a.Digest, Gone: a.Gone, Tip: a.Tip}
	pb.Entries = make([]*wire.Entry, len(a.Items))
	for i := range a.Items {
		pb.Entries[i] = a.Items[i].proto(wall)
	}
	return pb
}

func (it *Item) proto(wall int64) *wire.Entry {
	e := &wire.Entry{Id: it.ID, Number: it.Number}
	if it.End != nil {
		e.End = &wire.End{Reason: uint32(it.End.Reason)}
		for _, p := range it.End.Elsewhere {
			e.End.Elsewhere = append(e.End.Elsewhere, &wire.Place{Node: p.Node[:], Number: p.Number})
		}
	}
	if s := it.Session; s != nil {
		e.Session = &wire.Session{User: s.User, State: uint32(s.State), Profile: s.Profile}
		if s.Active != 0 {
			e.Session.ActiveAgeMs = proto.Uint64(age(wall, s.Active))
		}
		if c := s.Choice; c != nil {
			e.Session.Choice = &wire.Choice{Status: uint32(c.Status), Text: c.Text, Stamp: c.Stamp, By: c.By[:], Asserted: c.Asserted}
		}
	}
	if s := it.Session; s != nil && s.Details != nil {
		d := s.Details
		e.Session.Details = &wire.Details{Address: d.Address().AsSlice(), Agent: d.Agent(), SinceAgeMs: age(wall, d.Since), Meta: d.Meta}
	}
	if m := it.Membership; m != nil {
		e.Membership = &wire.Membership{Session: m.Session, Channel: m.Channel, Data: m.Data, Stamp: m.Stamp, SinceAgeMs: age(wall, m.Since)}
	}
	return e
}

// age returns how long before wall a date was, in milliseconds; a date from the
// future has none.
func age(wall, date int64) uint64 { return uint64(max(0, wall-date)) }
