package markdown

import "testing"

func TestOnlyWhatIsBetweenTheMarksIsReplaced(t *testing.T) {
	got, err := Replace("a\n"+Begin+"old\n"+End+"z\n", "\nnew\n\n")
	if want := "a\n" + Begin + "\nnew\n\n" + End + "z\n"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if again, err := Replace(got, "new"); again != got || err != nil {
		t.Errorf("the second time: %q, %v", again, err)
	}
	for _, text := range []string{"", Begin, End, End + Begin, Begin + End + Begin + End} {
		if got, err := Replace(text, "new"); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
