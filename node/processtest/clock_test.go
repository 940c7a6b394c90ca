//go:build unix

package processtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clockEnv is how many seconds ahead the wall clock of a process is that was built by
// buildSkewed.
const clockEnv = "TEST_CLOCK_SKEW"

// buildSkewed builds the command with another time.Now: no tool can put the clock of a Go
// program wrong that is linked statically, as faketime does.
func buildSkewed(t *testing.T) (path string) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const reads = "sec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	if strings.Count(string(text), reads) != 1 {
		t.Fatalf("this Go reads the clock in another way than by %q", reads)
	}
	skewed := strings.Replace(string(text), reads, "sec, nsec, mono := runtimeNow()\n\tsec += skew\n\tif mono == 0 {", 1) + `
var skew = func() (seconds int64) {
	text, _ := syscall.Getenv("` + clockEnv + `")
	n, err := atoi(text)
	if err != nil {
		return 0
	}
	return int64(n)
}()
`
	skewed = strings.Replace(skewed, "import (\n", "import (\n\t\"syscall\"\n", 1)
	dir := t.TempDir()
	overlay, _ := json.Marshal(map[string]map[string]string{"Replace": {source: filepath.Join(dir, "time.go")}})
	for name, content := range map[string]string{"time.go": skewed, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "rollcall")
	system(t, "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "../../cmd/rollcall")
	return path
}

func TestFaultClocksAreADayApart(t *testing.T) {
	s := prepareStage(t, fast)
	command := buildSkewed(t)
	skews := []time.Duration{0, 24 * time.Hour, -24 * time.Hour, time.Hour, -36 * time.Hour}
	for i, p := range s.nodes {
		p.command, p.env = command, []string{fmt.Sprint(clockEnv, "=", int(skews[i].Seconds()))}
	}
	s.begin()
	for i, w := range s.all {
		w.mu.Lock()
		roster, _ := w.rosters.Roster("room")
		w.mu.Unlock()
		if len(roster.Members) != len(s.everybody) {
			t.Errorf("%s lists %d users, want %d", w.name, len(roster.Members), len(s.everybody))
		}
		for _, m := range roster.Members {
			if off := time.Since(time.UnixMilli(m.Since)) + skews[i]; off < -patience || off > patience {
				t.Errorf("%s says that %s came %v ago by its own clock", w.name, m.User, off)
			}
		}
	}
	s.all.nothingHappensWithin(s.cluster, s.nodes, 3*s.pace.timeout)
	s.part([]int{1, 4}, []int{0, 2, 3})
	s.killTwo(1, 2)
	s.killTwo(0, 4)
}
