package channels

import "time"

// queue holds what is due after one and the same span, and so in order of time.
// What is over by then stays in it until its turn, and is skipped.
type queue[T any] struct {
	items []timed[T]
	head  int
}

type timed[T any] struct {
	at   time.Duration
	item T
}

func (q *queue[T]) push(at time.Duration, item T) {
	q.items = append(q.items, timed[T]{at, item})
}

// next returns the first one that is still waited for, dropping those before it.
func (q *queue[T]) next(waited func(timed[T]) bool) (first timed[T], ok bool) {
	for q.head < len(q.items) {
		if t := q.items[q.head]; waited(t) {
			return t, true
		}
		q.drop()
	}
	return first, false
}

func (q *queue[T]) drop() {
	q.items[q.head] = timed[T]{}
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = reuse(q.items), 0
	} else if q.head >= 1024 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
}

// due is what a user will be judged anew for.
type due struct {
	u     *user
	cause Cause // zero: nobody wanted to know
}

func waiting(t timed[*wait]) bool   { return !t.item.done }
func turningAway(t timed[due]) bool { return t.item.u.awayAt == t.at }
func fading(t timed[due]) bool      { return t.item.u.fadeAt == t.at }

// Next returns the earliest running time at which [View.Tick] has something to
// do; ok is false if nothing is due. It costs no more than looking.
func (v *View) Next() (run time.Duration, ok bool) {
	sooner := func(at time.Duration) {
		if !ok || at < run {
			run, ok = at, true
		}
	}
	if t, due := v.grace.next(waiting); due {
		sooner(t.at)
	}
	if t, due := v.keeps.next(waiting); due {
		sooner(t.at)
	}
	if t, due := v.aways.next(turningAway); due {
		sooner(t.at)
	}
	if t, due := v.fades.next(fading); due {
		sooner(t.at)
	}
	for _, o := range v.leaving {
		sooner(o.until)
	}
	if at, due := v.seen.next(); due {
		sooner(at)
	}
	return run, ok
}

// Tick does what is due: graces that are over, waits in vain, holds before away.
// It is one step: what cancels out makes no event.
func (v *View) Tick(now Now) {
	for t, ok := v.grace.next(waiting); ok && t.at <= now.Run; t, ok = v.grace.next(waiting) {
		if t.item.kept {
			v.endKept(t.item)
		} else {
			v.closeSession(now, t.item.s, t.item.reason)
		}
	}
	for i := 0; i < len(v.leaving); {
		if o := v.leaving[i]; o.until <= now.Run {
			v.finishLeft(now, o) // takes it out
		} else {
			i++
		}
	}
	v.giveUpWaiting(now)
	v.touchDue(now, &v.aways, turningAway)
	v.touchDue(now, &v.fades, fading)
	v.seen.expire(now.Run)
	v.settle(now)
}

// touchDue has the users judged whose time has come.
func (v *View) touchDue(now Now, q *queue[due], waited func(timed[due]) bool) {
	for t, ok := q.next(waited); ok && t.at <= now.Run; t, ok = q.next(waited) {
		v.cause, v.causeAt = t.item.cause, 0
		v.touchUser(t.item.u)
		q.drop()
	}
}
