package limit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan"
)

// peer is one socket.
type peer struct {
	write    func([]byte) // puts out a whole frame; errors show where the socket is read
	welcomed atomic.Bool  // it has said hello: before that it may not be pinged

	// Owned by who reads the socket.
	shaken bool   // the handshake is over
	member []byte // the user as a member, in JSON; nil before hello
	name   []byte // of the user, in JSON: a part of member

	rooms []*room // where it is; owned by the hub's flush
}

// ask is a request of a client, as far as it counts here.
type ask struct {
	kind, token, channel []byte
	id                   uint64
}

func readAsk(line []byte) (a ask, err error) {
	in := scan.New(line)
	in.Object(func(key []byte) {
		switch string(key) {
		case "type":
			a.kind = in.Text()
		case "token":
			a.token = in.Text()
		case "channel":
			a.channel = in.Text()
		case "id":
			a.id = uint64(in.Int())
		default:
			in.Skip()
		}
	})
	return a, in.Err()
}

// read takes what is whole of in and returns how much that was. An error, as when the
// client says bye, ends the socket.
func (h *hub) read(p *peer, in []byte) (used int, err error) {
	if !p.shaken {
		answer, n, err := handshake(in)
		if err != nil || n == 0 {
			return 0, err
		}
		used = n
		p.write(answer)
		p.shaken = true
	}
	for {
		opcode, body, n, err := readFrame(in[used:])
		if err != nil || n == 0 {
			return used, err
		}
		used += n
		switch opcode {
		case opText:
			for line := range bytes.SplitSeq(body, []byte("\n")) {
				if err := h.take(p, line); err != nil {
					return used, err
				}
			}
		case opClose:
			return used, errBye
		}
	}
}

// take does what one message asks.
func (h *hub) take(p *peer, line []byte) error {
	a, err := readAsk(line)
	if err != nil {
		return err
	}
	switch kind := string(a.kind); {
	case kind == "hello":
		return h.welcome(p, a)
	case p.member == nil:
		return errToken
	case kind == "join":
		h.post(event{p, join, string(a.channel), a.id})
	case kind == "leave":
		h.post(event{p, leave, string(a.channel), a.id})
	case kind == "bye":
		p.write([]byte{0x80 | opClose, 2, 1000 >> 8, 1000 & 0xff})
		return errBye
	}
	return nil // a pong has done its part by coming
}

func (h *hub) welcome(p *peer, a ask) error {
	now := time.Now()
	user, err := verify(a.token, h.secret, now)
	if err != nil {
		return err
	}
	name, err := json.Marshal(user)
	if err != nil {
		return err
	}
	const begin = `{"user":`
	p.member = fmt.Appendf(nil, `%s%s,"since":%d}`, begin, name, now.UnixMilli())
	p.name = p.member[len(begin) : len(begin)+len(name)]
	text := append([]byte(`{"type":"welcome","session":"limit","node":"limit","status":"online","expires":null,"user":`), name...)
	text = appendField(text, "id", a.id)
	text = appendField(text, "time", uint64(now.UnixMilli()))
	text = appendField(text, "interval", uint64(interval.Milliseconds()))
	text = appendField(text, "timeout", uint64(interval.Milliseconds()*13/10))
	p.write(frame(append(text, '}')))
	p.welcomed.Store(true)
	return nil
}

// appendField appends a number, unless it is 0, to an object that has a field.
func appendField(b []byte, name string, value uint64) []byte {
	if value == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendUint(b, value, 10)
}
