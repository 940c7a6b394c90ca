package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Clean reports whether all nodes were asked and nothing differs.
func (r *Report) Clean() bool { return len(r.Differences)+len(r.Unasked) == 0 }

// JSON writes the report as one object.
func (r *Report) JSON(w io.Writer) error {
	type plain Report // without methods
	all := struct {
		Clean bool `json:"clean"`
		plain
	}{r.Clean(), plain(*r)}
	if all.Nodes == nil {
		all.Nodes = []Node{}
	}
	if all.Unasked == nil {
		all.Unasked = []Unasked{}
	}
	if all.Differences == nil {
		all.Differences = []Difference{}
	}
	return json.NewEncoder(w).Encode(all)
}

// Text writes the report for people: at most so many differences.
func (r *Report) Text(w io.Writer, most int) error {
	var b strings.Builder
	for i, d := range r.Differences {
		if i == most {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Differences)-most)
			break
		}
		fmt.Fprintln(&b, r.line(d))
	}
	for _, u := range r.Unasked {
		fmt.Fprintf(&b, "not asked  %s: %s\n", word(u.Name), u.Error)
	}
	names := make([]string, len(r.Nodes))
	for i, n := range r.Nodes {
		names[i] = word(n.Name)
	}
	if len(names) > 0 {
		fmt.Fprintf(&b, "%s: %s by sockets, %d in grace, %s\n", strings.Join(names, ", "), count(r.Sessions, "session"), r.InGrace, count(r.Members, "member"))
	}
	fmt.Fprintln(&b, r.verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) verdict() string {
	lasted := (time.Duration(r.Took) * time.Millisecond).Round(100 * time.Millisecond)
	switch {
	case len(r.Differences) > 0:
		verb := "differences have"
		if len(r.Differences) == 1 {
			verb = "difference has"
		}
		return fmt.Sprintf("%d %s lasted for %v", len(r.Differences), verb, lasted)
	case len(r.Nodes) == 0:
		return "nobody could be asked"
	case len(r.Unasked) > 0:
		return "the others show what they hold"
	case len(r.Nodes) == 1:
		return "clean: the node shows exactly this"
	case len(r.Nodes) == 2:
		return "clean: both nodes show exactly this"
	default:
		return fmt.Sprintf("clean: all %d nodes show exactly this", len(r.Nodes))
	}
}

// line says what is wrong.
func (r *Report) line(d Difference) string {
	node := word(r.name(d.NodeID))
	whom := "nobody's session"
	if d.User != "" {
		whom = word(d.User)
	}
	switch {
	case d.Kind == Ghost && d.Channel != "":
		return fmt.Sprintf("ghost      %s shows %s in %s, where no socket holds her", node, whom, word(d.Channel))
	case d.Kind == Ghost:
		return fmt.Sprintf("ghost      %s shows %s by session %s, which %s does not hold", node, whom, d.Session, r.holder(d.Session))
	case d.Channel != "":
		return fmt.Sprintf("missing    %s does not show %s in %s", node, whom, word(d.Channel))
	default:
		return fmt.Sprintf("missing    %s does not show %s by session %s, which %s holds", node, whom, d.Session, r.holder(d.Session))
	}
}

func (r *Report) name(id string) string {
	if name := r.names[id]; name != "" {
		return name
	}
	return id
}

// holder returns the node that a session's id names.
func (r *Report) holder(session string) string {
	id, _, _ := strings.Cut(session, "-")
	if name := r.names[id]; name != "" {
		return word(name)
	}
	return "a node that is not there"
}

// word quotes a name that would not be one word, or not the one it seems.
func word(name string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == '"' }
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
