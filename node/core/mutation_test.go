package core

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutations = flag.Bool("sim.mutations", false, "break the code in ten ways, and see the simulation fail each time")

// patch is one place of the code, and what it is made.
type patch struct{ file, old, new string }

// TestBrokenCodeIsFound breaks the code on purpose and demands that the simulation
// notices, or it proves nothing. The code itself has no switch for that: what is
// broken is compiled in the place of what is right.
func TestBrokenCodeIsFound(t *testing.T) {
	for _, tt := range []struct {
		name    string
		patches []patch
	}{
		{"an apply skipped once", []patch{{"gossip/read.go",
			"		c.cfg.View.Apply(t,", "		if c.stats.Frames%100 == 0 {\n			return\n		}\n		c.cfg.View.Apply(t,"}}},
		{"second-hand beats without age", []patch{{"gossip/peer.go",
			"at := c.clk.last.Add(-age)", "at := c.clk.last"}}},
		{"ages handed on after a pause", []patch{{"gossip/peer.go",
			"p.sure = sign{ping.Beat, made}", "p.sure = sign{ping.Beat, now}"}}},
		{"second-hand beats without their time on the way", []patch{{"gossip/reckon.go",
			"h.Age += c.clk.last.Sub(made).Milliseconds()", ""}}},
		{"an observer's pause counted as silence", []patch{
			{"gossip/clock.go", "counts = min(gap, c.interval/10)", "counts = gap"},
			{"gossip/clock.go", "if gap > c.pause() {", "if false {"},
			{"gossip/peer.go", "if p.state == Lost && (!p.doomed || c.Late()) {", "if false {"},
			{"gossip/life.go", "silent >= p.timeout && asked >= unanswered", "silent >= p.timeout"}}},
		{"a whole-table answer applied in two steps", []patch{{"gossip/copy.go",
			"	if !a.Final {", "	if !a.Final && !c.whole {"}}},
		{"an answer cut before the tip", []patch{{"gossip/cursor.go",
			"			c.at = a.To\n", "			c.at, a.Final, a.Digest = a.To, true, l.digest\n"}}},
		{"from and to unchecked", []patch{
			{"gossip/copy.go", "case c.rereading || a.From != c.after():", "case c.rereading:"},
			{"gossip/read.go", " || a.Serial != l.serial || l.wanting ||", " ||"},
			{"gossip/copy.go", "if a.To < c.led.number || a.To < c.stagedTip || !c.whole && a.To < a.From {", "if false {"}}},
		{"an end that does not wait for the return it names", []patch{{"channels/wait.go",
			"	forgotten := end.Forgotten && v.cfg.Grace > 0\n", "	places = nil\n	forgotten := end.Forgotten && v.cfg.Grace > 0\n"}}},
		{"floor ignored", []patch{{"gossip/cursor.go",
			"	if c.again || c.lost(l) {", "	if c.again {"}}},
		{"a choice that outlives all who carry it", []patch{{"channels/choice.go",
			"if now.Run >= u.fadeAt {", "if false {"}}},
		{"a broken session that makes a join", []patch{{"channels/settle.go",
			"present = live || v.learning || m.place != absent", "present = live || sessions > 0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overlay := overlay(t, tt.patches)
			if !*mutations {
				return // the patches still fit
			}
			out, err := exec.Command("go", "test", "-overlay", overlay, ".", "-run", "^Test[^B]", "-sim.seeds=600").CombinedOutput()
			if err == nil {
				t.Error("the simulation did not notice")
			} else if !bytes.Contains(out, []byte("--- FAIL: Test")) {
				t.Errorf("it does not even run: %v\n%s", err, out)
			} else {
				t.Log(firstFailure(out))
			}
		})
	}
}

// overlay writes the patched files and the list of them that go test -overlay takes.
func overlay(t *testing.T, patches []patch) (path string) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for _, p := range patches {
		file, err := filepath.Abs(filepath.Join("..", "..", p.file))
		if err != nil {
			t.Fatal(err)
		}
		from := file
		if patched, ok := replace[file]; ok {
			from = patched
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), p.old); n != 1 {
			t.Fatalf("%s holds %d times: %s", p.file, n, p.old)
		}
		to := filepath.Join(dir, strings.ReplaceAll(p.file, "/", "_"))
		if err := os.WriteFile(to, []byte(strings.Replace(string(text), p.old, p.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[file] = to
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// firstFailure returns the line that says what the simulation found.
func firstFailure(out []byte) string {
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "seed ") {
			return strings.TrimSpace(line)
		}
	}
	return string(out)
}
