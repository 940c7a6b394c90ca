package protocol

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// sample is one line of a fenced block in PROTOCOL.md.
type sample struct {
	at   int    // line of the page
	kind string // what follows the fence: "json client", "json server", "json refused CODE", "session", …
	text string
}

func samples(t *testing.T) (page string, all []sample) {
	t.Helper()
	raw, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	kind, inside := "", false
	for i, line := range strings.Split(string(raw), "\n") {
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			inside = !inside
			kind = fence
			continue
		}
		if inside {
			all = append(all, sample{i + 1, kind, line})
		}
	}
	return string(raw), all
}

func TestSamplesOfThePageAreWhatTheNodeReadsAndWrites(t *testing.T) {
	_, all := samples(t)
	seen := map[string]bool{}
	for _, s := range all {
		kind, text := s.kind, s.text
		if kind == "session" {
			kind = map[byte]string{'>': "json client", '<': "json server"}[text[0]]
			text = text[2:]
		}
		code, refused := strings.CutPrefix(kind, "json refused ")
		switch {
		case kind == "json client":
			r, err := Decoder{}.Decode([]byte(text))
			if err != nil {
				t.Errorf("line %d: %v", s.at, err)
			}
			seen[strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", r), "protocol."))] = true
		case kind == "json server":
			if got := rewrite(t, text, seen); got != text {
				t.Errorf("line %d: the page says\n%s, the node writes\n%s", s.at, text, got)
			}
		case refused:
			if _, err := (Decoder{}).Decode([]byte(text)); err == nil || string(err.Code) != code {
				t.Errorf("line %d: refused with %v, want %s", s.at, err, code)
			}
		case kind == "sh":
		default:
			t.Errorf("line %d: a block of kind %q is checked by nothing", s.at, kind)
		}
	}
	for _, kind := range strings.Fields("hello join watch leave update sync state status follow unfollow token logout time pong bye " +
		"server:welcome server:roster server:diff server:ended server:unfollowed server:count server:users server:user server:ok server:error " +
		"server:time server:ping server:expiring server:drain") {
		if !seen[kind] {
			t.Errorf("the page has no sample of %s", kind)
		}
	}
}

// rewrite reads a message with encoding/json and writes it with the encoder.
func rewrite(t *testing.T, text string, seen map[string]bool) string {
	t.Helper()
	m := mustRead(t, []byte(text))
	seen["server:"+m.Type] = true
	switch m.Type {
	case "welcome":
		return string(AppendWelcome(nil, &Welcome{m.ID, m.Session, m.UserName(), m.Node, m.Time, m.Interval, m.Timeout, m.Expires, m.Status}))
	case "roster":
		return rewriteRoster(m)
	case "diff":
		d := Diff{Channel: m.Channel, Version: m.Version, Count: m.Count, Join: toMembers(m.Join), Update: toMembers(m.Update)}
		for _, l := range m.Leave {
			d.Leave = append(d.Leave, Leaver(l))
		}
		return string(part(d.AppendPart(nil)))
	case "ended":
		return string(AppendEnded(nil, m.Channel, m.Code))
	case "unfollowed":
		return string(AppendUnfollowed(nil, m.Names, m.Code))
	case "count":
		return string(AppendCount(nil, m.Channel, m.Version, m.Count))
	case "users":
		var users []User
		for _, u := range m.Users {
			users = append(users, User(u))
		}
		return string(AppendUsers(nil, m.ID, users))
	case "user":
		u, err := m.UserStatus()
		if err != nil {
			t.Error(err)
		}
		user := User(u)
		return string(AppendUser(nil, &user))
	case "ok":
		if m.User == nil {
			return string(AppendOK(nil, m.ID))
		}
		return string(AppendIdentity(nil, m.ID, m.UserName(), m.Expires, m.Session))
	case "error":
		return string(AppendError(nil, &Error{m.ID, m.Code, m.Message}))
	case "time":
		return string(AppendTime(nil, m.ID, m.Time))
	case "ping":
		return string(AppendPing(nil, m.Time))
	case "expiring":
		return string(AppendExpiring(nil, m.Expires))
	case "drain":
		return string(AppendDrain(nil, m.Delay))
	}
	return "nothing of type " + m.Type
}

func rewriteRoster(m *Message) string {
	r := Roster{Channel: m.Channel, Version: m.Version, Count: m.Count, Members: toMembers(m.Members), Partial: m.Partial}
	r.Missing = m.Complete != nil && !*m.Complete
	if m.Members == nil {
		r.Only = Count
	}
	raw, _ := r.AppendPart(nil)
	if m.More { // a sample of a part that is not the last
		raw = []byte(strings.Replace(string(raw), `"more":false`, `"more":true`, 1))
	}
	return string(append(AppendRosterID(nil, m.ID), RosterTail(raw)...))
}

func toMembers(fields []MemberFields) []Member {
	var list []Member
	for _, f := range fields {
		list = append(list, Member{f.User, f.Since, f.Status, string(f.Data), string(f.Profile), f.LastActivity})
	}
	return list
}

func TestThePageNamesEveryCode(t *testing.T) {
	page, _ := samples(t)
	for _, code := range []Code{
		BadRequest, Unauthorized, Expired, Forbidden, NotMember, TooLarge, RateLimited, LimitReached, Unsupported, Draining, Internal,
	} {
		if !strings.Contains(page, "| `"+string(code)+"` |") {
			t.Errorf("the page has no row for %s", code)
		}
	}
	for _, code := range []CloseCode{
		CloseNormal, CloseGoingAway, CloseTooBig, CloseProtocol, CloseUnauthorized, CloseForbidden, CloseSilent, CloseResumed, CloseOverload,
	} {
		if !strings.Contains(page, fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("the page has no row for %d", code)
		}
	}
}
