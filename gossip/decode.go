package gossip

import (
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip/wire"
)

// maxAge bounds ages off the wire, in milliseconds: some ten years.
const maxAge = 10 * 365 * 24 * 3600 * 1000

// maxPace bounds the interval and timeout that a node tells, in milliseconds.
const maxPace = 24 * 3600 * 1000

// decoder turns wire messages into ours and remembers the first thing that was
// wrong.
type decoder struct {
	wall int64
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = malformed(format, args...)
	}
}

func (d *decoder) node(b []byte) (id channels.NodeID) {
	if len(b) != len(id) {
		d.fail("node id of %d bytes, want %d", len(b), len(id))
		return id
	}
	copy(id[:], b)
	return id
}

func (d *decoder) text(what, s string, most int) string {
	if len(s) > most || !utf8.ValidString(s) {
		d.fail("%s of %d bytes, want at most %d of UTF-8", what, len(s), most)
		return ""
	}
	return s
}

func (d *decoder) few(what string, n, most int) {
	if n > most {
		d.fail("%d %s, want at most %d", n, what, most)
	}
}

// date turns an age into a date of this node's clock.
func (d *decoder) date(age uint64) int64 { return d.wall - int64(min(age, maxAge)) }

func (d *decoder) ping(pb *wire.Ping) *Ping {
	d.few("asks", len(pb.GetAsks()), maxPeers)
	d.few("pieces of hearsay", len(pb.GetHearsay()), maxPeers)
	if pb == nil || d.err != nil {
		d.fail("no ping")
		return nil
	}
	p := &Ping{Node: d.node(pb.Node), Beat: pb.Beat, Number: pb.Number, Digest: pb.Digest,
		Interval: int64(min(pb.IntervalMs, maxPace)), Timeout: int64(min(pb.TimeoutMs, maxPace)), Life: Life(pb.Life),
		Clock: int64(min(pb.ClockMs, maxAge)), Yours: int64(min(pb.YoursMs, maxAge))}
	if pb.Life < 0 || p.Life > Learning {
		p.Life = Serving // of a later version
	}
	for _, a := range pb.Asks {
		p.Asks = append(p.Asks, d.node(a))
	}
	for _, h := range pb.Hearsay {
		p.Hearsay = append(p.Hearsay, Hearsay{Node: d.node(h.GetNode()), Beat: h.GetBeat(), Age: int64(min(h.GetAgeMs(), maxAge)),
			Number: h.GetNumber(), Digest: h.GetDigest(), Readable: h.GetReadable(), Left: h.GetLeft()})
	}
	return p
}

func (d *decoder) seen(pb []*wire.Seen) (all []channels.Seen) {
	d.few("users seen", len(pb), maxSeen)
	if d.err != nil {
		return nil
	}
	for _, s := range pb {
		if s.GetUser() == "" {
			d.fail("nobody seen")
		}
		all = append(all, channels.Seen{User: d.text("user seen", s.GetUser(), MaxName), Age: time.Duration(min(s.GetAgeMs(), maxAge)) * time.Millisecond})
	}
	return all
}

func (d *decoder) orders(pb []*wire.Order) (all []Order) {
	d.few("orders", len(pb), frameOrders)
	if d.err != nil {
		return nil
	}
	for _, o := range pb {
		all = append(all, Order{ID: o.GetId(), User: d.text("user of an order", o.GetUser(), MaxName), Session: o.GetSession(),
			Status: channels.Status(min(o.GetStatus(), 255)), Text: d.text("text of an order", o.GetText(), MaxText)})
	}
	return all
}

func (d *decoder) receipts(pb []*wire.Receipt) (all []Receipt) {
	d.few("receipts", len(pb), frameOrders)
	if d.err != nil {
		return nil
	}
	for _, r := range pb {
		all = append(all, Receipt{ID: r.GetId(), Sessions: int(min(r.GetSessions(), maxStaged)), Number: r.GetNumber()})
	}
	return all
}

func (d *decoder) wants(pb *wire.Wants) *Wants {
	d.few("wants", len(pb.Wants), maxPeers)
	w := &Wants{Serial: pb.Serial, Seen: pb.Seen}
	for _, x := range pb.Wants {
		w.Wants = append(w.Wants, Want{d.node(x.GetOrigin()), x.GetAfter(), x.GetWhole()})
	}
	return w
}

func (d *decoder) answer(pb *wire.Answer) *Answer {
	d.few("entries", len(pb.Entries), answerItems)
	a := &Answer{Origin: d.node(pb.Origin), Serial: pb.Serial, From: pb.From, To: pb.To, Whole: pb.Whole,
		Final: pb.Final, Digest: pb.Digest, Gone: pb.Gone, Tip: pb.Tip}
	if a.Whole && a.From != 0 {
		d.fail("whole table from %d", a.From)
	}
	if d.err != nil {
		return a
	}
	a.Items = make([]Item, 0, len(pb.Entries))
	for _, e := range pb.Entries {
		a.Items = append(a.Items, d.item(e))
	}
	return a
}

func (d *decoder) item(e *wire.Entry) Item {
	it := Item{ID: e.GetId(), Change: channels.Change{Number: e.GetNumber()}}
	if e.GetEnd() != nil {
		it.End = d.end(e.End)
	}
	if e.GetSession() != nil {
		it.Session = d.session(it.ID, e.Session)
	}
	if e.GetMembership() != nil {
		it.Membership = d.membership(it.ID, e.Membership)
	}
	switch {
	case it.ID == 0:
		d.fail("entry without id")
	case it.Session != nil && it.Membership != nil:
		d.fail("entry %d is both session and membership", it.ID)
	case it.Session == nil && it.Membership == nil && it.End == nil:
		d.fail("entry %d is empty", it.ID)
	}
	return it
}

func (d *decoder) end(pb *wire.End) *channels.End {
	d.few("places", len(pb.Elsewhere), channels.MaxPlaces)
	e := &channels.End{Reason: channels.Reason(min(pb.Reason, 255))}
	if e.Reason < channels.ReasonLeft || e.Reason > channels.ReasonHidden {
		e.Reason = channels.ReasonClosed // of a later version
	}
	if d.err != nil {
		return e
	}
	for _, p := range pb.Elsewhere {
		e.Elsewhere = append(e.Elsewhere, channels.Place{Node: d.node(p.GetNode()), Number: p.GetNumber()})
	}
	return e
}

func (d *decoder) session(id uint64, pb *wire.Session) *channels.Session {
	s := &channels.Session{ID: id, User: d.text("user", pb.User, MaxName), State: channels.State(min(pb.State, 255)),
		Profile: d.text("profile", pb.Profile, MaxProfile)}
	if pb.Details != nil {
		s.Details = d.details(pb.Details)
	}
	if s.State < channels.Online || s.State > channels.Broken {
		d.fail("session state %d", pb.State)
	}
	if pb.ActiveAgeMs != nil {
		s.Active = d.date(*pb.ActiveAgeMs)
	}
	if c := pb.Choice; c != nil {
		s.Choice = &channels.Choice{Status: channels.Status(min(c.Status, 255)), Text: d.text("status text", c.Text, MaxText),
			Stamp: c.Stamp, By: d.node(c.By), Asserted: c.Asserted}
		if s.Choice.Status < channels.StatusOnline || s.Choice.Status > channels.StatusOffline {
			d.fail("chosen status %d", c.Status)
		}
	}
	return s
}

func (d *decoder) details(pb *wire.Details) *channels.Details {
	address, ok := netip.AddrFromSlice(pb.Address)
	if !ok && len(pb.Address) > 0 {
		d.fail("address of %d bytes, want 4 or 16", len(pb.Address))
	}
	return channels.NewDetails(address, d.text("agent", pb.Agent, MaxAgent), d.text("meta", pb.Meta, MaxMeta), d.date(pb.SinceAgeMs))
}

func (d *decoder) membership(id uint64, pb *wire.Membership) *channels.Membership {
	m := &channels.Membership{ID: id, Session: pb.Session, Channel: d.text("channel", pb.Channel, MaxName),
		Data: d.text("data", pb.Data, MaxData), Stamp: pb.Stamp, Since: d.date(pb.SinceAgeMs)}
	if m.Channel == "" || m.Session == 0 {
		d.fail("membership %d without channel or session", id)
	}
	return m
}
