package client

import (
	"context"
	"errors"
	"testing"
	"time"
)

const drainAtOnce = `{"type":"drain","delay":1}`

// drained dials a node that drains, and plays on once the new connection is there.
func drained(t *testing.T, play func(p peer)) *Client {
	c := dial(t, fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		p.send(drainAtOnce, `{"type":"drain","delay":0}`) // a second one changes nothing
		play(p)
	}), nil)
	<-c.Drained()
	return c
}

func TestMoveOpensTheNewConnectionBeforeItClosesTheOld(t *testing.T) {
	ended := make(chan struct{})
	old := drained(t, func(p peer) {
		p.Read(context.Background())
		close(ended)
	})
	var heard []string
	next, err := old.Move(t.Context(), fakeNode(t, func(p peer) {
		if hello := p.expect("hello"); hello["resume"] != "s1" || hello["token"] != "fresh" {
			t.Errorf("hello is %v, want to resume s1", hello)
		}
		p.send(`{"type":"welcome","session":"s2","user":"alice","node":"n2"}`)
		p.expect("join")
		select {
		case <-ended:
			t.Error("the old connection is closed before the new one is in the channel")
		default:
		}
		p.send(`{"type":"roster","id":1,"channel":"c","version":1,"count":1,"members":[{"user":"alice"}],"more":false}`)
		p.Read(context.Background())
	}), Hello{Token: "fresh"}, func(m *Message) { heard = append(heard, m.Type) }, func(c *Client) error {
		_, err := c.Join(t.Context(), "c", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	select {
	case <-old.Done():
	case <-time.After(5 * time.Second):
		t.Error("the old connection is open after the move")
	}
	if next.Welcome().Session != "s2" {
		t.Errorf("session %q, want that of the new connection", next.Welcome().Session)
	}
	next.Break()
	if len(heard) < 2 || heard[0] != "welcome" || heard[1] != "roster" {
		t.Errorf("the handler was given %q", heard)
	}
}

// A node that lets nobody in does not wait for hello, which may then come too late to be written.
func TestRefusalIsToldEvenIfHelloCannotBeWritten(t *testing.T) {
	for name, say := range map[string][]string{
		"with an error":    {`{"type":"error","code":"draining","message":"this node is going away"}`},
		"without an error": nil,
	} {
		url := fakeNode(t, func(p peer) {
			if len(say) > 0 {
				p.send(say...)
			}
			p.Close(1001, "")
		})
		for range 100 {
			c, err := Dial(t.Context(), url, Hello{}, nil)
			if err == nil {
				c.Break()
			}
			refused := new(AnswerError)
			if CloseCode(err) != 1001 || errors.As(err, &refused) != (say != nil) {
				t.Fatalf("%s: got %v, want why the node closed", name, err)
			}
		}
	}
}

func TestAMoveThatFailsLeavesTheOldConnection(t *testing.T) {
	for name, play := range map[string]func(p peer){
		"refused": func(p peer) {
			p.send(`{"type":"error","code":"draining","message":"this node is going away"}`)
			p.Close(1001, "")
		},
		"forbidden": func(p peer) {
			p.expect("hello")
			p.send(welcome)
			p.expect("join")
			p.send(`{"type":"error","id":1,"code":"forbidden","message":"no"}`)
			p.Read(context.Background())
		},
	} {
		old := drained(t, func(p peer) {
			p.expect("time")
			p.send(`{"type":"time","id":1,"time":5}`)
			p.Read(context.Background())
		})
		_, err := old.Move(t.Context(), fakeNode(t, play), Hello{}, nil, func(c *Client) error {
			_, err := c.Join(t.Context(), "c", nil)
			return err
		})
		if refused := new(AnswerError); !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want the refusal", name, err)
		}
		if _, err := old.Do(t.Context(), Request{Type: "time"}); err != nil {
			t.Errorf("%s: the old connection: %v", name, err)
		}
	}
}
