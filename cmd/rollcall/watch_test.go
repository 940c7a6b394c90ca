package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

const twoHere = `{"type":"roster","id":1,"channel":"room","version":3,"count":2,"members":[{"user":"alice","since":1},{"user":"bob","since":1,"status":"away","data":{"n":1}}],"more":false}`

// times are those at the beginning of lines and behind since.
var times = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d\d\d|"time":\d+`)

func lines(o *output) string { return times.ReplaceAllString(o.String(), "T") }

func TestWatchPrintsWhoIsHereAndThenWhatHappens(t *testing.T) {
	play := func(stop func()) func(p peer) {
		return func(p peer) {
			if hello := p.greet("s1"); hello["token"] != "a.b.c" {
				t.Errorf("hello %v", hello)
			}
			if m := p.expect("watch"); m["channel"] != "room" {
				t.Errorf("watch %v", m)
			}
			p.send(twoHere)
			p.send(`{"type":"diff","channel":"room","version":4,"count":3,"join":[{"user":"carol \u202e","since":1}]}`)
			p.send(`{"type":"diff","channel":"room","version":5,"count":2,"update":[{"user":"bob","since":1,"data":{"n":2}}],"leave":[{"user":"alice","reason":"left"}]}`)
			p.send(`{"type":"ping","time":1}`)
			p.expect("pong") // so all was read
			stop()
			p.bye()
		}
	}
	for flag, want := range map[string]string{
		"--json=false": `T room here alice since T
T room here bob away since T {"n":1}
T room join "carol \u202e"
T room update bob {"n":2}
T room leave alice (left)
`,
		"--json": `{T,"channel":"room","event":"here","user":"alice","member":{"user":"alice","since":1}}
{T,"channel":"room","event":"here","user":"bob","member":{"user":"bob","since":1,"status":"away","data":{"n":1}}}
{T,"channel":"room","event":"join","user":"carol ` + "\u202e" + `","member":{"user":"carol ` + "\u202e" + `","since":1}}
{T,"channel":"room","event":"update","user":"bob","member":{"user":"bob","since":1,"data":{"n":2}}}
{T,"channel":"room","event":"leave","user":"alice","reason":"left"}
`,
	} {
		ctx, stop := context.WithCancel(t.Context())
		s := shell{ctx: ctx}
		if code := s.run("watch", "--url", fakeNode(t, play(stop)), "--token", "a.b.c", flag, "room"); code != exitOK {
			t.Errorf("%s: exit %d: %s", flag, code, s.stderr.String())
		}
		if got := lines(&s.stdout); got != want {
			t.Errorf("%s: got\n%swant\n%s", flag, got, want)
		}
		if strings.Contains(s.stderr.String(), "a.b.c") {
			t.Errorf("the token is shown: %s", s.stderr.String())
		}
	}
}

func TestWatchJoinsIfAsked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	code := s.run("watch", "--join", `--data={"n":1}`, "--token=a.b.c", "--url", fakeNode(t, func(p peer) {
		p.greet("s1")
		if m := p.expect("join"); m["channel"] != "room" || m["data"].(map[string]any)["n"] != 1.0 {
			t.Errorf("join %v", m)
		}
		p.send(twoHere)
		stop()
		p.bye()
	}), "room")
	if code != exitOK {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
}

func TestWatchComesBackAndTellsOnlyDifferences(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	url := fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		p.Close(1001, "node stopped")
	}, func(p peer) {
		if hello := p.greet("s2"); hello["resume"] != "s1" {
			t.Errorf("hello %v, want to resume s1", hello)
		}
		p.expect("watch")
		p.send(`{"type":"roster","id":1,"channel":"room","version":70,"count":2,"members":[{"user":"bob","since":5,"status":"away","data":{"n":1}},{"user":"carol","since":1}],"more":false}`)
		p.Close(4409, "resumed by another socket")
	}, func(p peer) {
		if hello := p.greet("s3"); hello["resume"] != nil {
			t.Errorf("hello %v, want to resume nothing after 4409", hello)
		}
		p.expect("watch")
		p.send(`{"type":"ping","time":1}`)
		p.expect("pong")
		stop()
		p.bye()
	})
	if code := s.run("watch", "--url", url, "--token", "a.b.c", "room"); code != exitOK {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
	want := "T room here alice since T\nT room here bob away since T {\"n\":1}\nT room join carol\nT room leave alice (missed)\n"
	if got := lines(&s.stdout); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if n := strings.Count(s.stderr.String(), "trying again in"); n != 2 {
		t.Errorf("told %d losses, want 2: %s", n, s.stderr.String())
	}
}

func TestWatchAsksAgainAfterAGap(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	s.run("watch", "--token=a.b.c", "--url", fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		p.send(`{"type":"diff","channel":"room","version":9,"count":1,"leave":[{"user":"bob","reason":"left"}]}`)
		if m := p.expect("sync"); m["channel"] != "room" {
			t.Errorf("sync %v", m)
		}
		stop()
		p.bye()
	}), "room")
	if !strings.Contains(s.stderr.String(), "a diff is missing") {
		t.Errorf("the gap is hidden: %s", s.stderr.String())
	}
}

func TestWatchSaysWhatARosterLacksAndAsksForTheRest(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	s.run("watch", "--token=a.b.c", "--url", fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(`{"type":"welcome","session":"s1","user":null,"node":"n1","interval":100,"timeout":13000}`)
		p.expect("watch")
		p.send(`{"type":"roster","id":1,"channel":"room","version":3,"count":9,"members":[{"user":"bob","since":1}],"more":false,"partial":true,"complete":false}`)
		p.expect("sync")
		p.send(`{"type":"ended","channel":"room","code":"forbidden"}`)
		p.send(`{"type":"ping","time":1}`)
		p.expect("pong")
		stop()
		p.bye()
	}), "room")
	for _, want := range []string{"as nobody", "room: 9 here", "only 1 of 9 are listed, members may be missing", "room: the node ended it: forbidden"} {
		if !strings.Contains(s.stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, s.stderr.String())
		}
	}
}

func TestWatchMovesAwayFromANodeThatDrains(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	moved, ended := make(chan struct{}), make(chan struct{})
	first := fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		p.send(`{"type":"drain","delay":1}`)
		<-moved
		// It is followed until the new one has told who is there.
		p.send(`{"type":"diff","channel":"room","version":4,"count":3,"join":[{"user":"carol","since":1}]}`)
		p.send(`{"type":"ping","time":1}`)
		p.expect("pong")
		close(ended)
		if _, data, err := p.Read(context.Background()); err == nil {
			t.Errorf("got %s, want the end without a goodbye", data)
		}
	})
	second := fakeNode(t, func(p peer) {
		if hello := p.greet("s2"); hello["resume"] != "s1" {
			t.Errorf("hello %v, want to resume s1", hello)
		}
		p.expect("watch")
		close(moved)
		<-ended
		p.send(`{"type":"roster","id":1,"channel":"room","version":9,"count":2,"members":[{"user":"bob","since":1,"status":"away","data":{"n":1}},{"user":"carol","since":1}],"more":false}`)
		p.send(`{"type":"diff","channel":"room","version":10,"count":1,"leave":[{"user":"carol","reason":"left"}]}`)
		p.send(`{"type":"ping","time":1}`)
		p.expect("pong")
		stop()
		p.bye()
	})
	if code := s.run("watch", "--token=a.b.c", "--url", first+","+second, "room"); code != exitOK {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
	want := "T room here alice since T\nT room here bob away since T {\"n\":1}\nT room join carol\nT room leave alice (missed)\nT room leave carol (left)\n"
	if got := lines(&s.stdout); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWatchStaysWhereItIsUntilSomebodyElseTakesIt(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	refused, served := make(chan struct{}), make(chan struct{})
	first := fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		p.send(`{"type":"drain","delay":1}`)
		<-refused
		p.send(`{"type":"ping","time":1}`)
		p.expect("pong")
		close(served)
		p.Read(context.Background())
	})
	second := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(`{"type":"error","code":"draining","message":"this node is going away"}`)
		p.Close(1001, "")
		close(refused)
	})
	third := fakeNode(t, func(p peer) {
		<-served
		p.greet("s3")
		p.expect("watch")
		p.send(twoHere)
		stop()
		p.bye()
	})
	if code := s.run("watch", "--token=a.b.c", "--url", first+","+second+","+third, "room"); code != exitOK {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
	if got := strings.Count(s.stdout.String(), "\n"); got != 2 {
		t.Errorf("%d lines, want the two of the first roster:\n%s", got, s.stdout.String())
	}
}

func TestWatchRenewsATokenFromItsFile(t *testing.T) {
	file := write(t, "alice.jwt", "old\n")
	ctx, stop := context.WithCancel(t.Context())
	s := shell{ctx: ctx}
	s.run("watch", "--token=@"+file, "--url", fakeNode(t, func(p peer) {
		if hello := p.greet("s1"); hello["token"] != "old" {
			t.Errorf("hello %v", hello)
		}
		p.expect("watch")
		p.send(twoHere)
		if err := os.WriteFile(file, []byte("new\n"), 0o600); err != nil {
			t.Error(err)
		}
		p.send(`{"type":"expiring","expires":5}`)
		if m := p.expect("token"); m["token"] != "new" {
			t.Errorf("token %v", m)
		}
		stop()
		p.bye()
	}), "room")
}

func TestWatchGivesUpWhereComingBackIsOfNoUse(t *testing.T) {
	for name, tt := range map[string]struct {
		play func(p peer)
		want string
	}{
		"refused token": {func(p peer) { p.expect("hello"); p.Close(4401, "token expired") }, "the token is refused"},
		"kicked":        {func(p peer) { p.greet("s1"); p.expect("watch"); p.send(twoHere); p.Close(4403, "kicked") }, "kicked"},
		"forbidden": {func(p peer) {
			p.greet("s1")
			p.expect("watch")
			p.send(`{"type":"error","id":1,"code":"forbidden","message":"not this room"}`)
			p.Read(context.Background())
		}, "not this room"},
	} {
		var s shell
		code := s.run("watch", "--token=a.b.c", "--url", fakeNode(t, tt.play), "room")
		if code != exitFailed || !strings.Contains(s.stderr.String(), tt.want) || strings.Contains(s.stderr.String(), "a.b.c") {
			t.Errorf("%s: exit %d, stderr %q; want 1 and %q", name, code, s.stderr.String(), tt.want)
		}
	}
}

// full is a pipe that nobody reads any more.
type full struct{}

func (full) print(line) error { return os.ErrClosed }

func TestWatchEndsWhenNothingCanBePrinted(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		p.Read(context.Background())
	})
	var notes output
	w := newWatcher(&watchCommand{URL: urls{url}, Token: "a.b.c", Channel: []string{"room"}}, full{}, &notes)
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), os.ErrClosed.Error()) {
		t.Errorf("got %v, want that the file is closed", err)
	}
}

func TestBackoffGrowsToItsBoundAndIsRandom(t *testing.T) {
	for attempt, bound := range []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 20000, 20000} {
		var longest time.Duration
		for range 200 {
			longest = max(longest, backoff(attempt))
		}
		if bound *= time.Millisecond; longest > bound || longest < bound*3/4 {
			t.Errorf("try %d: longest of 200 pauses %v, want nearly %v", attempt, longest, bound)
		}
	}
	if backoff(1000) > maxPause {
		t.Error("the bound does not hold for ever")
	}
}

func TestANodeIsSilentOnlyAtTheSecondLook(t *testing.T) {
	s := newSilence(&client.Message{Timeout: 13000})
	heard := time.Unix(1000, 0)
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{
		{13 * time.Second, false},
		{time.Hour, false}, // this process was paused: look once more
		{0, false},         // what had waited was read
		{14 * time.Second, false},
		{15 * time.Second, true},
	} {
		if got := s.over(heard, heard.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}
