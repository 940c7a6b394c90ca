package protocol

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"iter"
	"unicode/utf8"
)

// Decoder reads what clients send.
type Decoder struct {
	// MaxData bounds the data of a membership, in bytes without spaces.
	// 0: DefaultMax.
	MaxData int
}

// Lines yields the lines of a frame that hold anything. They share its memory.
func Lines(frame []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for more := true; more; {
			var line []byte
			line, frame, more = bytes.Cut(frame, []byte{'\n'})
			if len(bytes.TrimSpace(line)) > 0 && !yield(line) {
				return
			}
		}
	}
}

// IsHello reports whether a line that Decode refused is a hello all the same: JSON
// of that type, with a field that is wrong.
func IsHello(line []byte) bool {
	var fields map[string]json.RawMessage // a struct would take "TYPE" as well
	if json.Unmarshal(line, &fields) != nil {
		return false
	}
	var kind string
	return json.Unmarshal(fields["type"], &kind) == nil && kind == "hello"
}

// errTwice refuses a request that gives a field twice, for readers would differ on which counts.
var errTwice = errors.New("a field is given twice")

// Decode reads one line. Nothing it returns shares memory with the line.
func (d Decoder) Decode(line []byte) (Request, *Error) {
	var f form
	err := f.read(line)
	// The id comes first, so that every other complaint can be answered with it.
	f.id = ID(f.integer(fieldID, 1, MaxID))
	if err != nil {
		return nil, &Error{int64(f.id), BadRequest, err.Error()}
	}
	r := d.request(&f)
	if f.err != nil {
		return nil, f.err
	}
	return r, nil
}

// read finds the fields of a request. After an error the form holds those that came before it.
func (f *form) read(line []byte) error {
	if !utf8.Valid(line) {
		return errUTF8
	}
	s := scanner{b: line}
	s.space()
	err := s.object(1, func(key, value []byte) error {
		at := fieldOf(unquote(key))
		if at == fields {
			return nil
		}
		if f.raw[at] != nil {
			return errTwice
		}
		f.raw[at] = value
		return nil
	})
	if err != nil {
		return err
	}
	if s.space(); s.i != len(line) {
		return errBroken
	}
	return nil
}

// request makes a typed request of a form, or sets its err.
func (d Decoder) request(f *form) Request {
	maxData := cmp.Or(d.MaxData, DefaultMax)
	switch string(f.bytes(fieldType, true)) {
	case "hello":
		return f.hello()
	case "join":
		return Join{f.id, f.channel(), f.object(fieldData, false, maxData), f.mode()}
	case "watch":
		return Watch{f.id, f.channel(), f.mode()}
	case "leave":
		return Leave{f.id, f.channel()}
	case "update":
		return Update{f.id, f.channel(), f.object(fieldData, true, maxData)}
	case "sync":
		return Sync{f.id, f.channel()}
	case "state":
		return State{f.id, f.word(fieldState, "", Online, Away), f.integer(fieldIdle, 0, MaxIdle)}
	case "status":
		return f.status()
	case "follow":
		return Follow{f.id, f.users()}
	case "unfollow":
		return Unfollow{f.id, f.users()}
	case "token":
		return Token{f.id, f.token()}
	case "logout":
		return Logout{f.id}
	case "time":
		return Time{f.id}
	case "pong":
		return Pong{f.id}
	case "bye":
		return Bye{f.id}
	default:
		f.fail(Unsupported, fieldType, "is unknown to this node")
		return nil
	}
}

func (f *form) hello() Hello {
	h := Hello{
		ID:     f.id,
		Token:  Secret(f.text(fieldToken, false)),
		Resume: f.text(fieldResume, false),
		State:  f.word(fieldState, Online, Online, Away),
		Idle:   f.integer(fieldIdle, 0, MaxIdle),
		Meta:   f.object(fieldMeta, false, MaxMeta),
	}
	if f.raw[fieldStatus] != nil {
		h.Status = f.word(fieldStatus, "", Online, Away, Busy, Offline)
	}
	return h
}

func (f *form) status() Status {
	s := Status{f.id, f.word(fieldStatus, "", Online, Away, Busy, Offline), f.text(fieldText, false)}
	if len(s.Text) > MaxText {
		f.fail(TooLarge, fieldText, "is %d bytes, at most %d are taken", len(s.Text), MaxText)
	}
	return s
}

// token returns the token of a request that is about nothing else.
func (f *form) token() Secret {
	token := f.text(fieldToken, true)
	if token == "" {
		f.fail(BadRequest, fieldToken, "is empty")
	}
	return Secret(token)
}
