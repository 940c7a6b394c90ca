package channels

import "fmt"

// Cause is the change that made an event. It is the same wherever that change was
// seen, whatever else came along with it: what begins or ends is named by the entry,
// which does so once, and only a change in between by its number, since a reader that
// was slow sees the last of several alone.
type Cause struct {
	Origin NodeID // whose entry it was, or whose life
	How    How
	Later  Delay  // what took its time because of that
	N      uint64 // of Began and Ended the ID of the entry; of Changed, Lost and Back a number of Origin's table
	Beat   uint64 // of Lost and Back: the highest that was heard before the loss
}

// How says what kind of change a [Cause] is.
type How uint8

const (
	Noticed How = iota + 1 // only here, and it is not known why: N counts
	Began                  // an entry was there for the first time
	Changed                // an entry was changed
	Ended                  // an entry ended
	Goodbye                // a node said goodbye
	Lost                   // a node was given up
	Back                   // a node was there again that had been given up
)

var howWords = [...]string{"", "noticed", "began", "changed", "ended", "goodbye", "lost", "back"}

// String returns a word for the log.
func (h How) String() string {
	if int(h) < len(howWords) {
		return howWords[h]
	}
	return fmt.Sprintf("how(%d)", uint8(h))
}

// Delay is why a change made an event only later, besides others that it made at once.
type Delay uint8

const (
	AtOnce    Delay = iota
	AfterHold       // from online to away
	AfterFade       // of a choice that no session carries any more
)

// later returns a cause for what will take its time.
func (c Cause) later(d Delay) Cause {
	if c.How != 0 {
		c.Later = d
	}
	return c
}

// by notes what the following touches and events are caused by. What happens to a node
// as a whole is the cause of all that it does to its entries.
func (v *View) by(o *origin, how How, n uint64) {
	if v.record == 0 {
		return
	}
	v.cause, v.causeAt = Cause{Origin: o.id, How: how, N: n}, 0
	if o.fate != nil {
		v.cause = *o.fate
	}
}

// because returns the present cause as a place in View.causes, for what is judged at the
// end of the step; 0 if nobody will ask.
func (v *View) because() uint32 {
	if v.record&(UserChanged|ChannelKinds) == 0 {
		return 0
	}
	if v.causeAt == 0 {
		v.causes = append(v.causes, v.cause)
		v.causeAt = uint32(len(v.causes))
	}
	return v.causeAt
}

// causeOf is the inverse of because. The zero cause: nobody wanted to know at that time.
func (v *View) causeOf(place uint32) Cause {
	if place == 0 {
		return Cause{}
	}
	return v.causes[place-1]
}

// known returns a cause, or one that tells this event from all others if there is none.
func (v *View) known(c Cause) Cause {
	if c.How == 0 {
		v.noticed++
		c = Cause{Origin: v.cfg.Self, How: Noticed, N: v.noticed}
	}
	return c
}
