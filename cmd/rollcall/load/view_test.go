package load

import "testing"

func TestNamesAreNumbersOfThisRunOnly(t *testing.T) {
	n := names{"run-1"}
	for name, want := range map[string]int{
		n.user(0): 0, n.user(1234567): 1234567, "run-2.u1": -1, "run-1.u": -1, "run-1.c1": -1, "run-1.u1x": -1, "run-1.u-1": -1, "u1": -1, "": -1, "run-1.u9999999999": -1,
	} {
		if got := n.number([]byte(name)); got != want {
			t.Errorf("%q is number %d, want %d", name, got, want)
		}
	}
}

func TestDifferenceNamesTheFirstFewOfEitherSide(t *testing.T) {
	r := &room{first: 100, size: 200}
	var seen set
	for i := range 70 {
		r.truth.add(i, r.size)
	}
	seen.add(69, r.size)
	seen.add(199, r.size)
	const want = "2 seen, 70 there; missing x.u100, x.u101, x.u102, x.u103, x.u104, …; ghost x.u299"
	if got := r.difference(&seen, false, names{"x"}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := r.difference(&seen, true, names{"x"}); got != "2 seen, 70 there; ghost x.u299" {
		t.Errorf("of a partial roster %q, want only the ghost", got)
	}
	if got := r.difference(&r.truth, false, names{"x"}); got != "" {
		t.Errorf("%q, want no difference", got)
	}
	if !seen.remove(69) || seen.remove(69) || seen.add(199, r.size) || seen.count != 1 {
		t.Error("a set takes somebody twice, or loses her twice")
	}
}
