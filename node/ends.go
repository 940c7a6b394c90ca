package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// End is what would end a session, and when, unless something prevents it: the next frame
// (timeout), another token (expired), that its client is back (closed), a sign of life of
// its late node (node_lost).
type End struct {
	Reason string `json:"reason"` // as those who follow would be told
	At     int64  `json:"at"`     // Unix milliseconds
}

// endsOf returns what would end a session, the soonest first. A socket is given up when
// it was silent for timeout; given is when its node is, 0: not as far as is known.
func endsOf(s HeldSession, timeout time.Duration, given int64) (ends []End) {
	add := func(reason channels.Reason, at int64) {
		if at > 0 {
			ends = append(ends, End{reason.String(), at})
		}
	}
	add(channels.ReasonNodeLost, given)
	switch h := s.Held; {
	case h == nil:
	case h.GraceUntil > 0 && h.Socket: // its node was paused, and waits for a frame
		add(channels.ReasonTimeout, h.GraceUntil)
	case h.GraceUntil > 0:
		add(channels.ReasonClosed, h.GraceUntil)
	case h.Socket:
		add(channels.ReasonTimeout, h.LastFrame+timeout.Milliseconds())
		add(channels.ReasonExpired, h.TokenUntil)
	}
	slices.SortStableFunc(ends, func(a, b End) int { return cmp.Compare(a.At, b.At) })
	return ends
}

// lastEnd returns the end of the session that would be the last; nil: nobody knows of one
// that would end.
func lastEnd(sessions []HeldSession) *End {
	var last *End
	for _, s := range sessions {
		if len(s.Ends) > 0 && (last == nil || s.Ends[0].At > last.At) {
			last = &s.Ends[0]
		}
	}
	return last
}
