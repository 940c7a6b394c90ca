package load

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

// room is one channel, and which users can ever be in it: those of a run of numbers.
type room struct {
	name  string
	first int // number of the first user
	size  int // users

	mu    sync.Mutex // guards truth
	truth set        // who is in it, by what was done
}

// note takes note of what is true from now on.
func (r *room) note(user int, in bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in {
		r.truth.add(user-r.first, r.size)
	} else {
		r.truth.remove(user - r.first)
	}
}

// names makes names that are only of this run, so that nobody else is taken for one of its users.
type names struct{ run string }

func (n names) user(i int) string { return n.run + ".u" + strconv.Itoa(i) }

func (n names) channel(i int) string { return n.run + ".c" + strconv.Itoa(i) }

// number returns which user a name is of; -1: of none of this run.
func (n names) number(user []byte) int {
	prefix := len(n.run) + 2
	if len(user) <= prefix || len(user) > prefix+9 || string(user[:len(n.run)]) != n.run || string(user[prefix-2:prefix]) != ".u" {
		return -1
	}
	i := 0
	for _, c := range user[prefix:] {
		if c < '0' || c > '9' {
			return -1
		}
		i = i*10 + int(c-'0')
	}
	return i
}

// set is some users of one room, a bit for each.
type set struct {
	words []uint64
	count int
}

func (s *set) has(i int) bool { return s.words != nil && s.words[i/64]&(1<<(i%64)) != 0 }

// add reports whether the user was not there.
func (s *set) add(i, size int) bool {
	if s.words == nil {
		s.words = make([]uint64, (size+63)/64)
	}
	if s.has(i) {
		return false
	}
	s.words[i/64] |= 1 << (i % 64)
	s.count++
	return true
}

// remove reports whether the user was there.
func (s *set) remove(i int) bool {
	if !s.has(i) {
		return false
	}
	s.words[i/64] &^= 1 << (i % 64)
	s.count--
	return true
}

func (s *set) reset() {
	clear(s.words)
	s.count = 0
}

// without returns the users of s who are not in other, at most a few.
func (s *set) without(other *set) (some []int) {
	for w, word := range s.words {
		if other.words != nil {
			word &^= other.words[w]
		}
		for ; word != 0 && len(some) < fewNames; word &= word - 1 {
			some = append(some, w*64+bits.TrailingZeros64(word))
		}
	}
	return some
}

// fewNames bounds how many names one finding holds.
const fewNames = 5

// difference says how what a client sees differs from the truth; empty: it does not. Of a
// roster that is partial, nobody is missing.
func (r *room) difference(seen *set, partial bool, n names) string {
	var parts []string
	for _, side := range []struct {
		what  string
		users []int
	}{{"missing", r.truth.without(seen)}, {"ghost", seen.without(&r.truth)}} {
		if len(side.users) == 0 || partial && side.what == "missing" {
			continue
		}
		var list []string
		for _, i := range side.users {
			list = append(list, n.user(r.first+i))
		}
		if len(list) == fewNames {
			list = append(list, "…")
		}
		parts = append(parts, side.what+" "+strings.Join(list, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%d seen, %d there; %s", seen.count, r.truth.count, strings.Join(parts, "; "))
}
