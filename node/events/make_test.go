package events

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/channels"
)

var update = flag.Bool("update", false, "write the samples of node/EVENTS.md anew")

const page = "../EVENTS.md"

var (
	one, two = channels.NodeID{0xa1}, channels.NodeID{0xb2}
	labels   = map[channels.NodeID]string{one: "n1", two: "n2"}
)

const date = 1_800_000_000_000

// samples are changes of a view that make an event of each type, but for the last.
func samples() []channels.Event {
	details := channels.NewDetails(netip.MustParseAddr("192.0.2.7"), "Mozilla/5.0", `{"device":"phone"}`, date)
	cause := func(how channels.How, n uint64) channels.Cause { return channels.Cause{Origin: one, How: how, N: n} }
	session := func(kind channels.Kind, c channels.Cause, reason channels.Reason) channels.Event {
		return channels.Event{Kind: kind, Cause: c, User: "alice", Origin: one, Session: 7, State: channels.Online,
			Active: date, Details: details, Reason: reason}
	}
	user := func(c channels.Cause, old, is, oldChosen, chosen channels.Status, oldText, text string) channels.Event {
		return channels.Event{Kind: channels.UserChanged, Cause: c, ChoiceCause: c, User: "alice", OldStatus: old, Status: is,
			OldChosen: oldChosen, Chosen: chosen, OldText: oldText, Text: text}
	}
	member := func(kind channels.Kind, c channels.Cause, reason channels.Reason, data string) channels.Event {
		return channels.Event{Kind: kind, Cause: c, User: "alice", Channel: "room.1", Reason: reason,
			Member: channels.Member{User: "alice", Since: date, Status: channels.StatusOnline, Data: data}}
	}
	lost := channels.Cause{Origin: two, How: channels.Lost, N: 40, Beat: 99}
	const online, away, busy, offline = channels.StatusOnline, channels.StatusAway, channels.StatusBusy, channels.StatusOffline
	return []channels.Event{
		session(channels.SessionConnected, cause(channels.Began, 7), 0),
		user(cause(channels.Began, 7), offline, online, online, online, "", ""),
		member(channels.ChannelJoined, cause(channels.Began, 8), 0, ""),
		member(channels.ChannelUpdated, cause(channels.Changed, 9), 0, `{"typing":true}`),
		session(channels.SessionAway, cause(channels.Changed, 10), 0),
		user(channels.Cause{Origin: one, How: channels.Changed, Later: channels.AfterHold, N: 10}, online, away, online, online, "", ""),
		session(channels.SessionOnline, cause(channels.Changed, 11), 0),
		user(cause(channels.Changed, 12), online, busy, online, busy, "", "in a meeting"),
		member(channels.ChannelLeft, cause(channels.Ended, 8), channels.ReasonLeft, `{"typing":true}`),
		session(channels.SessionDisconnected, cause(channels.Ended, 7), channels.ReasonClosed),
		user(cause(channels.Ended, 7), busy, offline, busy, busy, "in a meeting", "in a meeting"),
		{Kind: channels.NodeJoined, Cause: channels.Cause{Origin: two, How: channels.Began}, Origin: two},
		{Kind: channels.NodeGone, Cause: lost, Origin: two, Reason: channels.ReasonNodeLost, Sessions: []uint64{3, 46}},
	}
}

// sampled returns the samples as events.
func sampled() (all []Event) {
	for _, e := range samples() {
		all = Append(all, e, date, labels)
	}
	return append(all, Started(one, date, "n1"))
}

func TestPageShowsAnEventOfEachType(t *testing.T) {
	var lines []string
	seen := map[Type]bool{}
	for _, e := range sampled() {
		seen[e.Type] = true
		lines = append(lines, string(Text(e)))
	}
	for _, typ := range All {
		if !seen[typ] {
			t.Errorf("there is no sample of %s", typ)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "```jsonl\n", "```\n"
	before, rest, _ := strings.Cut(string(text), begin)
	block, after, ok := strings.Cut(rest, end)
	want := strings.Join(lines, "\n") + "\n"
	switch {
	case ok && block == want:
	case *update && ok:
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the samples of %s are\n%s\nwant (go test ./node/events -update)\n%s", page, block, want)
	}
	for _, typ := range All {
		if !strings.Contains(before, "`"+string(typ)+"`") {
			t.Errorf("%s does not explain %s", page, typ)
		}
	}
}

func TestEachEventHasAnIDOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range sampled() {
		if len(e.ID) != 32 || seen[e.ID] {
			t.Errorf("%s %s has the id %q, want 32 digits that no other event has", e.Type, e.User, e.ID)
		}
		seen[e.ID] = true
	}
}

func TestIDsFollowFromTypeSubjectAndCauseAlone(t *testing.T) {
	is := Append(nil, samples()[3], date, labels)[0]
	for what, change := range map[string]func(e *channels.Event){
		"user":    func(e *channels.Event) { e.User = "bob" },
		"channel": func(e *channels.Event) { e.Channel = "room.2" },
		"type":    func(e *channels.Event) { e.Kind = channels.ChannelLeft },
		"origin":  func(e *channels.Event) { e.Cause.Origin = two },
		"how":     func(e *channels.Event) { e.Cause.How = channels.Ended },
		"number":  func(e *channels.Event) { e.Cause.N++ },
		"beat":    func(e *channels.Event) { e.Cause.Beat++ },
		"delay":   func(e *channels.Event) { e.Cause.Later = channels.AfterHold },
	} {
		e := samples()[3]
		if change(&e); Append(nil, e, date, labels)[0].ID == is.ID {
			t.Errorf("another %s makes the same id", what)
		}
	}
	e := samples()[3]
	e.Member.Data, e.Member.Since = "", 1
	if Append(nil, e, date+1, nil)[0].ID != is.ID {
		t.Error("data, dates and labels make another id")
	}
}

func TestChoicesAreToldOnceAsStatusAndOnceAsPresence(t *testing.T) {
	const online, away, busy, offline = channels.StatusOnline, channels.StatusAway, channels.StatusBusy, channels.StatusOffline
	for _, tt := range []struct {
		what                       string
		old, is, oldChosen, chosen channels.Status
		text                       string
		want                       []Type
	}{
		{"comes", offline, online, online, online, "", []Type{UserOnline}},
		{"comes as busy", offline, busy, online, busy, "", []Type{UserOnline, UserStatus}},
		{"comes hidden", offline, offline, online, offline, "", []Type{UserStatus}},
		{"is busy", online, busy, online, busy, "", []Type{UserStatus}},
		{"is away by choice", online, away, online, away, "", []Type{UserAway, UserStatus}},
		{"is idle", online, away, online, online, "", []Type{UserAway}},
		{"is idle while busy", busy, busy, busy, busy, "", nil},
		{"hides", online, offline, online, offline, "", []Type{UserOffline, UserStatus}},
		{"says something", online, online, online, online, "hello", []Type{UserStatus}},
		{"goes", busy, offline, busy, busy, "", []Type{UserOffline}},
	} {
		var got []Type
		for _, e := range Append(nil, channels.Event{Kind: channels.UserChanged, User: "alice", OldStatus: tt.old, Status: tt.is,
			OldChosen: tt.oldChosen, Chosen: tt.chosen, Text: tt.text}, date, nil) {
			got = append(got, e.Type)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("a user who %s makes %v, want %v", tt.what, got, tt.want)
		}
	}
}

func TestLossOfANodeWithoutSessionsNamesNone(t *testing.T) {
	e := Append(nil, channels.Event{Kind: channels.NodeGone, Reason: channels.ReasonLeft}, date, nil)[0]
	var is map[string]json.RawMessage
	if err := json.Unmarshal(Text(e), &is); err != nil || string(is["sessions"]) != "[]" || string(is["reason"]) != `"left"` {
		t.Errorf("%s, want an empty list of sessions", Text(e))
	}
}

func TestSyncOfManyComesInParts(t *testing.T) {
	s := &channels.Snapshot{Nodes: []channels.NodeID{one}}
	for i := range uint64(partSize + 20) {
		s.Sessions = append(s.Sessions, channels.SessionAt{Origin: one, Record: &channels.Session{ID: i + 1}})
	}
	for range 30 {
		s.Users = append(s.Users, channels.UserAt{Status: channels.StatusOnline})
	}
	var parts []Part
	for p := range Sync(s, one, labels, 1, date) {
		parts = append(parts, p)
	}
	if len(parts) != 2 || !parts[0].More || parts[1].More || len(parts[0].Sessions) != partSize || len(parts[1].Sessions) != 20 || len(parts[1].Users) != 30 {
		t.Errorf("%d parts, the last with %d sessions and %d users, want 2 parts", len(parts), len(parts[len(parts)-1].Sessions), len(parts[len(parts)-1].Users))
	}
	if parts[0].ID == parts[1].ID || len(parts[1].Nodes) != 1 {
		t.Errorf("parts %q and %q name %v", parts[0].ID, parts[1].ID, parts[1].Nodes)
	}
	for p := range Sync(&channels.Snapshot{}, one, labels, 1, date) {
		if text := string(Text(p)); p.More || !strings.Contains(text, `"sessions":[]`) {
			t.Errorf("sync of nothing is %s", text)
		}
	}
}

func TestQueueTellsHowManyEventsItHadNoRoomFor(t *testing.T) {
	q := NewQueue(10)
	batch := func(n int) *Batch { return NewBatch(1, date, make([]Event, n), nil, nil) }
	for i, added := range []bool{true, true, false, false} { // one batch of any size, besides 10 events
		if got := q.Add(batch(9)); got != added {
			t.Errorf("batch %d is taken: %v", i, got)
		}
	}
	<-q.Wake()
	if batches, missed := q.Take(); len(batches) != 2 || missed != 18 {
		t.Errorf("%d batches and %d missed, want 2 and 18", len(batches), missed)
	}
	if !q.Add(batch(1)) {
		t.Error("there is no room after all was taken")
	}
}

func TestFilterNamesAWrongType(t *testing.T) {
	if _, err := ParseFilter("user.online, user.asleep"); err == nil || !strings.Contains(err.Error(), `"user.asleep"`) {
		t.Errorf("%v, want the wrong type named", err)
	}
	for text, want := range map[string]int{"": len(All), " ": len(All), "user.online": 1, "user.online, node.lost": 2} {
		if f, err := ParseFilter(text); err != nil || len(f) != want {
			t.Errorf("%q: %v %v", text, f, err)
		}
	}
	if Every().Kinds() != channels.AllKinds || Only(NodeLost).Kinds() != channels.NodeGone {
		t.Error("the kinds of all types are not all kinds")
	}
}
