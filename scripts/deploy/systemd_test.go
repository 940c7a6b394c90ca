package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const unitFile = "systemd/rollcall.service"

// setting returns what a line of the unit sets, and the lines that it goes on with.
func setting(t *testing.T, name string) string {
	t.Helper()
	unit := strings.ReplaceAll(string(content(t, unitFile)), "\\\n", " ")
	m := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("%s sets no %s", unitFile, name)
	}
	return m[1]
}

func TestUnitHasNoFlagThatServeHasNot(t *testing.T) {
	all := known(t)
	for name := range flagsOf(t, strings.Fields(setting(t, "ExecStart"))[1:]) {
		if !all[name] {
			t.Errorf("the unit gives --%s, which is no flag of rollcall serve", name)
		}
	}
}

func TestUnitLoadsTheKeysThatItNames(t *testing.T) {
	unit := string(content(t, unitFile))
	keys := regexp.MustCompile(`@\$\{CREDENTIALS_DIRECTORY\}/(\S+)`).FindAllStringSubmatch(unit, -1)
	if len(keys) != 2 {
		t.Errorf("%d keys, want 2", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(unit, "\nLoadCredential="+key[1]+":/etc/rollcall/"+key[1]+"\n") {
			t.Errorf("the credential %s is not loaded", key[1])
		}
	}
}

func TestUnitGivesTheTimeToStop(t *testing.T) {
	stop, err := time.ParseDuration(setting(t, "TimeoutStopSec"))
	if err != nil {
		t.Fatal(err)
	}
	drain, err := time.ParseDuration(flagsOf(t, strings.Fields(setting(t, "ExecStart"))[1:])["drain"])
	if err != nil {
		t.Fatal(err)
	}
	if least := drain + beyondDrain; stop < least {
		t.Errorf("TimeoutStopSec is %v, want at least --drain and %v more: %v", stop, beyondDrain, least)
	}
}

// systemd's own tools look for the program, too, so another stands in for it. Their score for what a service may
// do, and to what it is exposed, runs from 0 to 10: most have 9.
func TestSystemdFindsTheUnitWellFormedAndHardened(t *testing.T) {
	unit := strings.ReplaceAll(string(content(t, unitFile)), "/usr/local/bin/rollcall", "/bin/true")
	if out, err := analyze(t, "[Service]\nExecStart=/bin/true\n", "verify", "--man=no"); err != nil {
		t.Skipf("SKIPPED: systemd-analyze does not work here, so systemd itself has not looked at the unit: %v\n%s", err, out)
	}
	if out, err := analyze(t, unit, "security", "--no-pager", "--offline=yes", "--threshold=20"); strings.Contains(out, "unrecognized option") {
		t.Skip("SKIPPED: systemd-analyze is older than 250, so systemd itself has not looked at the unit")
	} else if err != nil {
		t.Errorf("systemd-analyze security: %v, want at most 2.0\n%s", err, out)
	}
	if out, err := analyze(t, unit, "verify", "--man=no"); err != nil || strings.Contains(out, "rollcall.service:") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// analyze has systemd look at a unit.
func analyze(t *testing.T, unit string, args ...string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rollcall.service")
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", append(args, path)...).CombinedOutput()
	return string(out), err
}
