package wiretest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// message is what a node sends, as far as tests look at it.
type message struct {
	Type, Channel, Code, Message, Session, Node, Status, Reason string
	User                                                        string
	ID, Time, Interval, Timeout, Expires, Delay                 int64
	Version                                                     uint64
	Count                                                       int
	Members, Join, Update                                       []member
	Leave                                                       []struct{ User, Reason string }
	Users                                                       []user
	Names                                                       []string
	Of                                                          user `json:"-"` // the user of a message of that type
	More, Partial                                               bool

	text string
}

type member struct {
	User         string
	Since        int64
	Status       string
	Data         json.RawMessage
	Profile      json.RawMessage
	LastActivity int64
}

// user is the status of one.
type user struct {
	User, Status                  string
	Since, LastActivity, LastSeen int64
	Text                          string
}

// shapes say which fields a message has. After the name of a field: "?" if it may be left
// out, then "#" integer, "$" string, "!" boolean, "{" object, "0" a string or null, "e" an
// integer or null, "m" members, "l" leavers, "u" users, "1" one
// user, "n" names.
var shapes = map[string]string{
	"welcome":  "id?# session$ user0 node$ time# interval# timeout# expirese status$",
	"roster":   "id?# channel$ version# count# members?m more! partial?! complete?!",
	"diff":     "channel$ version# count# join?m update?m leave?l",
	"ended":    "channel$ code$",
	"count":    "channel$ version# count#",
	"ok":       "id# user?0 expires?e session?$",
	"users":    "id?# usersu",
	"user":     "user1",
	"error":    "id?# code$ message$",
	"time":     "id?# time#",
	"ping":     "time#",
	"expiring": "expires#",
	"drain":    "delay#",

	"unfollowed": "namesn code$",

	"M": "user$ since# status?$ data?{ profile?{ lastActivity?#",
	"L": "user$ reason$",
	"U": "user$ status$ since?# lastActivity?# lastSeen?# text?$",
}

// words are what some fields may say, wherever they stand. The status of a member is never
// online, for then it is left out; that of a welcome may be anything.
var words = map[string]string{
	"M.status":   "away busy",
	"W.status":   "online away busy offline",
	"L.reason":   "left logout closed timeout expired kicked node_lost",
	"U.status":   "online away busy offline",
	"ended.code": "forbidden unauthorized",

	"unfollowed.code": "forbidden unauthorized",

	"error.code": "bad_request unauthorized expired forbidden not_member too_large rate_limited limit_reached unsupported draining internal",
}

// parse reads a message and holds it against the shape of its type.
func parse(text string) (message, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return message{}, err
	}
	var kind string
	if err := json.Unmarshal(fields["type"], &kind); err != nil {
		return message{}, err
	}
	delete(fields, "type")
	if err := fits(kind, fields); err != nil {
		return message{}, err
	}
	m := message{text: text}
	if kind == "user" { // an object, where others have a name
		return m, errors.Join(json.Unmarshal(fields["user"], &m.Of), json.Unmarshal([]byte(`{"type":"user"}`), &m))
	}
	return m, json.Unmarshal([]byte(text), &m)
}

func fits(kind string, fields map[string]json.RawMessage) error {
	shape, ok := shapes[kind]
	if !ok {
		return fmt.Errorf("a message of type %q", kind)
	}
	known := map[string]bool{}
	for _, field := range strings.Fields(shape) {
		name, how := field[:len(field)-1], field[len(field)-1]
		name, optional := strings.CutSuffix(name, "?")
		known[name] = true
		value, ok := fields[name]
		switch {
		case !ok && optional:
		case !ok:
			return fmt.Errorf("%s is missing", name)
		default:
			if err := fitsField(kind, name, how, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name := range fields {
		if !known[name] {
			return fmt.Errorf("a field %q", name)
		}
	}
	return nil
}

func fitsField(kind, name string, how byte, value json.RawMessage) error {
	null := string(value) == "null"
	if null && how != '0' && how != 'e' {
		return fmt.Errorf("is null")
	}
	switch how {
	case '#', 'e':
		var n int64
		return json.Unmarshal(value, &n)
	case '!':
		var b bool
		return json.Unmarshal(value, &b)
	case '{':
		var o map[string]any
		return json.Unmarshal(value, &o)
	case 'm':
		return fitsList("M", name == "members", value)
	case 'l':
		return fitsList("L", false, value)
	case 'u':
		return fitsList("U", true, value)
	case '1':
		return fitsUser(value)
	case 'n':
		var names []string
		if err := json.Unmarshal(value, &names); err != nil || len(names) == 0 {
			return fmt.Errorf("is %s, want names", value)
		}
		return nil
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return err
	}
	if kind == "welcome" {
		kind = "W"
	}
	if allowed, ok := words[kind+"."+name]; ok && !strings.Contains(" "+allowed+" ", " "+s+" ") {
		return fmt.Errorf("is %q, want one of %s", s, allowed)
	}
	return nil
}

// fitsUser looks at a user, of whom nothing but when she was last seen is told if she is offline.
func fitsUser(value json.RawMessage) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		return err
	}
	if err := fits("U", fields); err != nil {
		return err
	}
	for _, name := range []string{"since", "lastActivity", "text"} {
		if _, is := fields[name]; is && string(fields["status"]) == `"offline"` {
			return fmt.Errorf("offline with %s", name)
		}
	}
	if _, is := fields["lastSeen"]; is && string(fields["status"]) != `"offline"` {
		return fmt.Errorf("lastSeen of one who is here")
	}
	return nil
}

// fitsList looks at a list, which is left out if it is empty, but for that of a roster.
func fitsList(kind string, mayBeEmpty bool, value json.RawMessage) error {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return err
	}
	if len(list) == 0 && !mayBeEmpty {
		return fmt.Errorf("an empty list, which is to be left out")
	}
	for i, fields := range list {
		if kind == "U" {
			text, _ := json.Marshal(fields)
			if err := fitsUser(text); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
			continue
		}
		if err := fits(kind, fields); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}
