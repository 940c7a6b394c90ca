package wiretest

import (
	"strings"
	"testing"
)

func TestBadRequestsAreRefusedAndTheSocketStays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request string
		id      int
		code    string
	}{
		"broken JSON":                {`{"type":"join"`, 0, "bad_request"},
		"broken after the id":        {`{"id":3,"type":"join","channel":}`, 3, "bad_request"},
		"no JSON":                    {`join room`, 0, "bad_request"},
		"an array":                   {`[]`, 0, "bad_request"},
		"a string":                   {`"time"`, 0, "bad_request"},
		"null":                       {`null`, 0, "bad_request"},
		"two objects on a line":      {`{"type":"time"}{"type":"time"}`, 0, "bad_request"},
		"no UTF-8":                   {"{\"type\":\"leave\",\"id\":3,\"channel\":\"\xff\"}", 0, "bad_request"},
		"no type":                    {`{"id":3}`, 3, "bad_request"},
		"a type that is no string":   {`{"id":3,"type":7}`, 3, "bad_request"},
		"an unknown type":            {`{"id":3,"type":"publish","channel":"room"}`, 3, "unsupported"},
		"an unknown type without id": {`{"type":"__proto__"}`, 0, "unsupported"},
		"201 names":                  {`{"id":3,"type":"follow","users":["a"` + strings.Repeat(`,"a"`, 200) + `]}`, 3, "limit_reached"},
		"id 0":                       {`{"id":0,"type":"time"}`, 0, "bad_request"},
		"id -1":                      {`{"id":-1,"type":"time"}`, 0, "bad_request"},
		"id 2^53":                    {`{"id":9007199254740992,"type":"time"}`, 0, "bad_request"},
		"id 1.5":                     {`{"id":1.5,"type":"time"}`, 0, "bad_request"},
		"id as text":                 {`{"id":"1","type":"time"}`, 0, "bad_request"},
		"id null":                    {`{"id":null,"type":"time"}`, 0, "bad_request"},
		"join without channel":       {`{"id":3,"type":"join"}`, 3, "bad_request"},
		"join of a number":           {`{"id":3,"type":"join","channel":5}`, 3, "bad_request"},
		"data as text":               {`{"id":3,"type":"join","channel":"bad~","data":"x"}`, 3, "bad_request"},
		"data as list":               {`{"id":3,"type":"join","channel":"bad~","data":[]}`, 3, "bad_request"},
		"data null":                  {`{"id":3,"type":"join","channel":"bad~","data":null}`, 3, "bad_request"},
		"a lone surrogate in data":   {`{"id":3,"type":"join","channel":"bad~","data":{"a":"\udc00"}}`, 3, "bad_request"},
		"an unknown mode":            {`{"id":3,"type":"join","channel":"bad~","mode":"all"}`, 3, "bad_request"},
		"watch without channel":      {`{"id":3,"type":"watch"}`, 3, "bad_request"},
		"leave without channel":      {`{"id":3,"type":"leave"}`, 3, "bad_request"},
		"sync without channel":       {`{"id":3,"type":"sync"}`, 3, "bad_request"},
		"sync of what is not mine":   {`{"id":3,"type":"sync","channel":"bad~"}`, 3, "not_member"},
		"update without data":        {`{"id":3,"type":"update","channel":"held~"}`, 3, "bad_request"},
		"update without membership":  {`{"id":3,"type":"update","channel":"bad~","data":{}}`, 3, "not_member"},
		"state without state":        {`{"id":3,"type":"state"}`, 3, "bad_request"},
		"a state that is a status":   {`{"id":3,"type":"state","state":"busy"}`, 3, "bad_request"},
		"an age from the future":     {`{"id":3,"type":"state","state":"away","idle":-1}`, 3, "bad_request"},
		"an age of half a moment":    {`{"id":3,"type":"state","state":"away","idle":0.5}`, 3, "bad_request"},
		"an age before all dates":    {`{"id":3,"type":"state","state":"away","idle":9007199254740991}`, 3, "bad_request"},
		"no such status":             {`{"id":3,"type":"status","status":"gone"}`, 3, "bad_request"},
		"a text too large":           {`{"id":3,"type":"status","status":"busy","text":"` + letters(257) + `"}`, 3, "too_large"},
		"token without token":        {`{"id":3,"type":"token"}`, 3, "bad_request"},
		"a token that is none":       {`{"id":3,"type":"token","token":"a.b.c"}`, 3, "unauthorized"},
		"data too large":             {`{"id":3,"type":"update","channel":"held~","data":{"a":"` + letters(4096) + `"}}`, 3, "too_large"},
		"data too large for a join":  {`{"id":3,"type":"join","channel":"bad~","data":{"a":"` + letters(4096) + `"}}`, 3, "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.hello(here, "alice~")
			c.join("held~", "alice~")
			other := w.hello(here, "bob~")
			other.watch("held~", "alice~")
			other.watch("bad~")
			c.send(tt.request)
			c.wantError(tt.id, tt.code)
			c.alive()
			other.roster("bad~") // nothing of it was announced
			m := other.roster("held~", "alice~")
			if string(m.Members[0].Data) != "" || m.Members[0].Status != "" {
				t.Errorf("something changed: %s", m.text)
			}
		})
	}
}

func TestBrokenLineSpoilsNoOther(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	c.send(`{"type":"leave","id":1,"channel":"a"}`, `{broken`, ``, `{"type":"leave","id":2,"channel":"a"}`)
	c.want(`{"type":"ok","id":1}`)
	c.wantError(0, "bad_request")
	c.want(`{"type":"ok","id":2}`)
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	c.ask(`{"type":"leave","id":1,"channel":"a","Channel":5,"users":{},"__proto__":{"id":9},"x":null}`, `{"type":"ok","id":1}`)
}

func TestBinaryFrameIsClosedWith4400(t *testing.T) {
	w := newWorld(t)
	early := w.dial(here)
	_ = early.write(opBinary, true, []byte(`{"type":"hello"}`))
	early.wantClose(4400)
	late := w.hello(here, "alice~")
	_ = late.write(opBinary, true, []byte(`{"type":"time"}`))
	late.wantClose(4400)
}

func TestFrameOverTheBoundIsTooLargeAndClosed(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	frame := func(n int) string { // of n bytes
		const around = `{"type":"leave","id":1,"channel":"a","x":""}`
		return strings.Replace(around, `""`, `"`+letters(n-len(around))+`"`, 1)
	}
	c.ask(frame(16<<10), `{"type":"ok","id":1}`)
	c.send(frame(16<<10 + 1))
	c.wantError(0, "too_large")
	c.wantClose(4400)
}

func TestFragmentsCountTogether(t *testing.T) {
	w := newWorld(t)
	c := w.hello(narrow, "alice~")
	_ = c.write(opText, false, []byte(`{"type":"leave","id":1,`))
	_ = c.write(opPing, true, []byte("between")) // control frames may stand between
	_ = c.write(0, true, []byte(`"channel":"a"}`))
	c.want(`{"type":"ok","id":1}`)
	_ = c.write(opText, false, []byte(`{"type":"leave","channel":"`))
	for range 3 {
		_ = c.write(0, false, []byte(letters(1000)))
	}
	c.wantError(0, "too_large")
	c.wantClose(4400)
}

func TestManyRequestsInOneFrameAreAnsweredInOrder(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	c.send(
		`{"type":"join","id":1,"channel":"a~"}`,
		`{"type":"join","id":2,"channel":"b~"}`,
		`{"type":"update","id":3,"channel":"a~","data":{"n":1}}`,
		`{"type":"join","id":4,"channel":"@b"}`,
		`{"type":"sync","id":5,"channel":"a~"}`,
		`{"type":"watch","id":6,"channel":"b~"}`,
		`{"type":"shout","id":7}`,
		`{"type":"leave","id":8,"channel":"b~"}`,
		`{"type":"state","id":9,"state":"online"}`,
		`{"type":"pong","id":10}`,
		`{"type":"sync","id":11,"channel":"a~"}`,
		`{"type":"leave","id":12,"channel":"a~"}`,
		`{"type":"join","id":13,"channel":"a~"}`,
		`{"type":"time","id":99}`,
	)
	kinds := []string{"", "roster", "roster", "ok", "error", "roster", "ok", "error", "ok", "ok", "ok", "roster", "ok", "roster"}
	at, told := 1, false
	for at < len(kinds) || !told {
		switch m := c.next(); {
		case m.Type == "diff":
		case m.Type == "time" && m.ID == 99: // whenever it likes
			told = true
		case at == len(kinds) || m.ID != int64(at) || m.Type != kinds[at]:
			t.Fatalf("got %s, want the %s that answers request %d", m.text, kinds[min(at, 13)], at)
		default:
			at++
		}
	}
}

func TestRequestsWithoutIDGetNoOK(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	c.join("room~", "alice~")
	c.send(
		`{"type":"watch","channel":"room~"}`,
		`{"type":"state","state":"online"}`,
		`{"type":"leave","channel":"other~"}`,
		`{"type":"join","channel":"room~"}`,
		`{"type":"pong"}`,
		`{"type":"token","token":"`+w.token("alice~")+`"}`,
	)
	c.alive() // and nothing before that
	c.send(`{"type":"join","channel":"@room"}`)
	c.wantError(0, "bad_request")
	c.send(`{"type":"sync","channel":"room~"}`)
	c.want(`{"type":"roster","channel":"room~","version":"*","count":1,"members":[{"user":"alice~","since":"*"}],"more":false}`)
}

func TestIDsReachTo2To53(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	for _, id := range []string{"1", "4294967296", "9007199254740991"} {
		c.ask(`{"type":"leave","id":`+id+`,"channel":"a"}`, `{"type":"ok","id":`+id+`}`)
	}
}
