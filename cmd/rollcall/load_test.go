package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// loadArgs is a command line that puts a load on a node.
func loadArgs(url string, more ...string) []string {
	return append([]string{"load", "--secret=" + watchSecret, "--url=" + url}, more...)
}

func TestLoadPrintsWhatItMeasuredAndFoundRight(t *testing.T) {
	n, _ := realNode(t, "a")
	var s shell
	code := s.run(loadArgs("ws://"+n.Addr(), "--clients=12", "--metrics="+n.AdminAddr(), "mass")...)
	out := s.stdout.String()
	if code != exitOK || s.stderr.String() != "" {
		t.Fatalf("exit %d, stderr %q, stdout %q", code, s.stderr.String(), out)
	}
	for _, want := range []string{"mass: 12 clients in 1 channel on 1 node, ", "until one sees all     12 ", "CPU s", "everybody sees everybody: after ",
		"rosters: 12 compared with who is there, 0 wrong\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not print %q:\n%s", want, out)
		}
	}
}

func TestLoadPrintsOneObjectForMachines(t *testing.T) {
	a, _ := realNode(t, "a")
	b, _ := realNode(t, "b", a.GossipAddr())
	var s shell
	code := s.run(loadArgs("ws://"+a.Addr()+",ws://"+b.Addr(), "--members=6", "--joins=2", "--prefix=x", "--json", "joins")...)
	if code != exitOK {
		t.Fatalf("exit %d, stderr %q", code, s.stderr.String())
	}
	var got struct {
		Scenario string
		Run      string
		URLs     []string
		Clients  int
		Channels int
		Told     int
		JoinLast struct {
			Count int
			P99   float64 `json:"p99_ms"`
		} `json:"join_last"`
		Phases []struct {
			Name    string
			Traffic struct {
				FramesIn int `json:"frames_in"`
				BytesIn  int `json:"bytes_in"`
			}
		}
		Check struct{ Rosters, Wrong, Lost int }
	}
	if err := json.Unmarshal([]byte(s.stdout.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Scenario != "joins" || got.Run != "x" || len(got.URLs) != 2 || got.Clients != 7 || got.Channels != 1 || got.Told != 24 {
		t.Errorf("%+v, want a member and 6 others in a channel on 2 nodes, and 2 joins and leaves told to each", got)
	}
	if got.JoinLast.Count != 2 || got.JoinLast.P99 <= 0 || len(got.Phases) != 3 || got.Phases[2].Name != "joins" || got.Phases[2].Traffic.BytesIn == 0 {
		t.Errorf("%+v, want two latencies and three phases with their traffic", got)
	}
	if got.Check.Rosters != 6 || got.Check.Wrong+got.Check.Lost != 0 {
		t.Errorf("%+v, want 6 rosters, all right", got.Check)
	}
}

func TestLoadThatIsEndedEarlyPrintsWhatThereIs(t *testing.T) {
	n, _ := realNode(t, "a")
	ctx, end := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	ended := make(chan int, 1)
	go func() {
		ended <- s.run(loadArgs("ws://"+n.Addr(), "--clients=10", "--members=5", "--duration=1h", "idle")...)
	}()
	eventually(t, "10 members", func() bool {
		channels, _ := n.Channels("", "", 10)
		return len(channels) == 2 && channels[0].Users == 5 && channels[1].Users == 5
	})
	end()
	if code := <-ended; code != exitFailed || !strings.Contains(s.stderr.String(), "rollcall: load: ended early") {
		t.Errorf("exit %d, stderr %q; want that it says so", code, s.stderr.String())
	}
	if !strings.Contains(s.stdout.String(), "idle: 10 clients in 2 channels on 1 node") {
		t.Errorf("printed %q, want what there is", s.stdout.String())
	}
	eventually(t, "nobody is left", func() bool { channels, _ := n.Channels("", "", 10); return len(channels) == 0 })
}

func TestLoadPrintsNoTableWithoutALine(t *testing.T) {
	var out output
	if err := printLoad(&out, &load.SilentResult{}); err != nil || strings.Contains(out.String(), "p50") {
		t.Errorf("%v, and nobody was told of a leave:\n%s", err, out.String())
	}
}

func TestLoadRefusesWhatItCannotDo(t *testing.T) {
	for args, want := range map[string]string{
		"--secret s --url ws://chat.example idle":            `--url is "ws://chat.example/v1/connect", want a node on the loopback of this machine, or --allow-remote`,
		"--secret s --url ws://127.0.0.1.chat.example idle":  `--url is "ws://127.0.0.1.chat.example/v1/connect", want`,
		"--secret s --url ws://localhost,ws://10.0.0.1 mass": `--url is "ws://10.0.0.1/v1/connect", want`,
		"--secret s dance":                   `<scenario>: "dance", want idle, accept, joins, mass, churn, storm or silent`,
		"--secret s":                         `expected "<scenario>"`,
		"idle":                               `missing flags: --secret=SECRET`,
		"--secret s --rate 5 idle":           `--rate: want none with idle, which takes --clients, --members, --duration`,
		"--secret s --clients 10000001 idle": `load: clients: 10000001, want 1 to 1000000`,
		"--secret s --clients 2 --silent 2 silent":             `load: silent: 2, want 1 to 1`,
		"--secret s --grace 0s mass":                           `--grace: want none with mass, which takes --clients`,
		"--secret s --duration 0s churn":                       `load: rate 100 for 0s, want more than 0`,
		"--secret s --prefix ? idle":                           `load: run "?", want letters, digits, dots and dashes`,
		"--secret s --clients 1 --url ws://127.0.0.1:1 accept": `load-`,
	} {
		var s shell
		code := s.run(append([]string{"load"}, strings.Fields(args)...)...)
		if reached := strings.HasSuffix(args, "accept"); code != exitUsage && !reached || code == exitOK || !strings.HasPrefix(s.stderr.String(), "rollcall: "+want) || s.stdout.String() != "" {
			t.Errorf("rollcall load %s: exit %d, stderr %q; want %q", args, code, s.stderr.String(), want)
		}
	}
}

func TestLoadTellsHowFarItIsNowAndThen(t *testing.T) {
	var out output
	l := newLoadProgress(&out)
	l.next = time.Now().Add(time.Hour)
	l.show(load.Progress{Phase: "connect", Done: 1, Of: 5})
	l.next = time.Time{} // it is due
	l.show(load.Progress{Phase: "connect", Done: 2, Of: 5})
	if l.next.IsZero() {
		t.Error("another line is due at once")
	}
	l.next = time.Now().Add(time.Hour)
	l.show(load.Progress{Phase: "connect", Done: 3, Of: 5})
	l.end()
	if want := "load: connect 2 of 5\n"; out.String() != want {
		t.Errorf("%q, want %q: one line in %v", out.String(), want, loadPause)
	}
	out.buf.Reset()
	l.terminal = true
	l.show(load.Progress{Phase: "churn, seconds", Done: 4})
	l.end()
	if want := "\rload: churn, seconds 4\x1b[K\r\x1b[K"; out.String() != want {
		t.Errorf("on a terminal %q, want %q", out.String(), want)
	}
}
