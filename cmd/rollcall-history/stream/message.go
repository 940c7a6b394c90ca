package stream

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxMessage bounds the data of one message, and each of its lines, in bytes. A node sends
// a sync in parts that stay far below it.
const maxMessage = 16 << 20

// message is one server-sent event.
// See https://html.spec.whatwg.org/multipage/server-sent-events.html
type message struct {
	event string
	id    string
	data  string
}

// messages reads them one by one.
type messages struct{ lines *bufio.Scanner }

func newMessages(from io.Reader) *messages {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxMessage)
	return &messages{lines}
}

// next returns the next message, an empty one if the node only said that it is still
// there, or [io.EOF] at the end.
func (r *messages) next() (message, error) {
	var m message
	var data []string
	size := 0
	for r.lines.Scan() {
		line := r.lines.Text()
		switch {
		case line == "" && len(data) > 0:
			m.data = strings.Join(data, "\n")
			return m, nil
		case line == "":
			m = message{}
			continue
		case line[0] == ':' && m == message{} && len(data) == 0:
			return m, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			m.event = value
		case "id":
			m.id = value
		case "data":
			if size += len(value) + 1; size > maxMessage {
				return m, fmt.Errorf("a message of more than %d bytes", maxMessage)
			}
			data = append(data, value)
		}
	}
	if err := r.lines.Err(); err != nil {
		return m, err
	}
	return m, io.EOF
}
