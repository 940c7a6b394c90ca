package process

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestStatusIsRead(t *testing.T) {
	resident, peak, err := parseStatus("Name:\tnode\nVmHWM:\t    1024 kB\nVmRSS:\t     512 kB\nThreads:\t7\n")
	if resident != 512<<10 || peak != 1<<20 || err != nil {
		t.Errorf("got %d, %d, %v", resident, peak, err)
	}
	for _, text := range []string{"", "VmRSS:\t512 kB\n", "VmRSS:\tlots kB\nVmHWM:\t1 kB\n", "VmRSS:\t1 MB\nVmHWM:\t1 kB\n"} {
		if _, _, err := parseStatus(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestStatIsReadWhateverTheNameOfTheProgram(t *testing.T) {
	id, parent, err := parseStat("17 (a) b) R 4 ) S 12 17 17 0 -1")
	if id != 17 || parent != 12 || err != nil {
		t.Errorf("got %d, %d, %v", id, parent, err)
	}
	for _, text := range []string{"", "17 (a", "x (a) S 12", "17 (a) S x"} {
		if _, _, err := parseStat(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// The shell waits for a child of its own, which counts as well.
func TestUsageIsThatOfAllDescendants(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := Start(ctx, Command{Name: "shell", Program: "sh",
		Args:  []string{"-c", `sh -c 'echo up; kill -STOP $$'; echo over`},
		Heard: func(line string) (up, show bool) { return line == "up", false }})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	group, err := NewGroup(p)
	if err != nil {
		t.Fatal(err)
	}
	used, err := group.Used()
	if err != nil {
		t.Fatal(err)
	}
	own, err := processorTime(p.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(group.ids) != 2 || used.CPU <= own || used.Resident <= 0 || used.Peak < used.Resident {
		t.Errorf("%d processes, of which the first used %v, have used %+v", len(group.ids), own, used)
	}
}

func TestTheEnvironmentOfNodesIsNotHandedOn(t *testing.T) {
	t.Setenv("ROLLCALL_NAME", "x")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var heard string
	p, err := Start(ctx, Command{Name: "shell", Program: "sh", Env: []string{"A=b"}, Args: []string{"-c", `echo "$A$ROLLCALL_NAME"`},
		Heard: func(line string) (up, show bool) { heard = line; return true, false }})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if heard != "b" {
		t.Errorf("A and ROLLCALL_NAME are %q, want b and nothing", heard)
	}
}

func TestWhatEndsBeforeItIsUpIsAnError(t *testing.T) {
	_, err := Start(t.Context(), Command{Name: "shell", Program: "sh", Args: []string{"-c", "exit 3"},
		Heard: func(string) (up, show bool) { return false, false }})
	if err == nil {
		t.Error("it is taken to be up")
	}
	if _, err := Start(t.Context(), Command{Name: "nothing", Program: os.DevNull}); err == nil {
		t.Error("no program is taken to be up")
	}
}
