package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fakeAdmin serves what a node may answer, by path, to whoever has the key k.
func fakeAdmin(t *testing.T, answers map[string]string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		switch {
		case r.Header.Get("Authorization") != "Bearer k":
			http.Error(w, `{"error":{"code":"unauthorized","message":"no admin key"}}`, http.StatusUnauthorized)
		case !ok:
			http.Error(w, `{"error":{"code":"not_found","message":"nothing"}}`, http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// busyNode answers as one of three nodes, of which one is late and one does not answer.
var busyNode = map[string]string{
	"/v1/nodes": `{"nodes":[
		{"id":"a","name":"node-a","state":"here","sessions":5,"lastHeard":1800000000000,"says":{"sessions":5,"sees":[{"id":"b","name":"node-b","state":"late"},{"id":"c","name":"node-c","state":"here"}]}},
		{"id":"b","name":"node-b","state":"late","sessions":2,"lastHeard":1799999989000,"unknown":"node did not answer in time"},
		{"id":"c","name":"node \u001b[31m-c","state":"draining","sessions":1,"lastHeard":1799999999000,"says":{"sessions":2,"sees":[{"id":"a","name":"node-a","state":"here"}]}}],
		"interval":10000,"timeout":13000,"grace":3000}`,
	"/v1/channels": `{"channels":[{"channel":"lobby","users":8,"sessions":9},{"channel":"room 1","users":4,"sessions":4},{"channel":"\u202eroom","users":1,"sessions":1}]}`,
	"/metrics":     "rollcall_view_users 8\nrollcall_view_sessions 9\nrollcall_view_anonymous 1\nrollcall_view_channels 3\nrollcall_view_joins_total 12\nrollcall_view_leaves_total{reason=\"left\"} 4\nrollcall_node_incomplete 1\n",
	"/v1/users/alice/why": `{"user":"alice","status":"away","chosen":"online","connection":"away","channels":["lobby","room 1"],"leaves":{"reason":"timeout","at":1800000009000},"sessions":[
		{"id":"a-1","node":"node-a","nodeId":"a","state":"away","address":"192.0.2.7","agent":"Mozilla/5.0","channels":["lobby"],"held":{"socket":true,"lastFrame":1799999996000,"tokenUntil":1800003600000},
			"ends":[{"reason":"timeout","at":1800000009000},{"reason":"expired","at":1800003600000}]},
		{"id":"b-1","node":"node-b","nodeId":"b","state":"broken","address":"","agent":"","channels":["room 1"],"unknown":"node did not answer in time","ends":[{"reason":"node_lost","at":1800000002000}]}]}`,
}

var clockTime = regexp.MustCompile(`\d\d:\d\d:\d\d`)

func TestTopPrintsOnce(t *testing.T) {
	url := fakeAdmin(t, busyNode)
	var s shell
	if code := s.run("top", "--once", "--admin", url, "--admin-key=k", "--user=alice"); code != exitOK || s.stderr.String() != "" {
		t.Fatalf("exit %d: %s", code, s.stderr.String())
	}
	got := clockTime.ReplaceAllString(s.stdout.String(), "10:00:00")
	golden := filepath.Join("testdata", "top.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("printed\n%s\nwant, as %s has it, %v\n%s", got, golden, err, want)
	}
	if strings.Contains(got, "\x1b") || strings.Contains(got, "\u202e") {
		t.Errorf("names move the cursor, or there are colours: %q", got)
	}
}

func TestTopThatGetsNoAnswerFails(t *testing.T) {
	var s shell
	if code := s.run("top", "--once", "--admin", fakeAdmin(t, busyNode), "--admin-key=wrong"); code != exitFailed || !strings.Contains(s.stderr.String(), "401: no admin key") {
		t.Errorf("exit %d: %s", code, s.stderr.String())
	}
}

func TestTopGoesOnUntilItIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &until{text: "joins", done: cancel}
	code := run(ctx, []string{"top", "--admin", fakeAdmin(t, busyNode), "--admin-key=k"}, process{stdout: out, stderr: &output{},
		lookup: func(string) (string, bool) { return "", false }})
	if code != exitOK || strings.Contains(out.String(), "\x1b") {
		t.Errorf("exit %d: %q", code, out.String())
	}
}

func TestADisplayLeavesTheTerminalAsItWas(t *testing.T) {
	var out output
	d := &display{out: &out, terminal: true}
	if err := d.show([]string{"one", "two"}); err != nil {
		t.Fatal(err)
	}
	d.close()
	if want := goHome + "one" + clearLine + "\r\ntwo" + clearLine + clearBelow + leaveScreen; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestQEnds(t *testing.T) {
	ended := 0
	awaitQ(strings.NewReader("xyz"), func() { ended++ })
	if ended != 0 {
		t.Error("another key ends it")
	}
	if awaitQ(strings.NewReader("xq"), func() { ended++ }); ended != 1 {
		t.Error("q does not")
	}
}
