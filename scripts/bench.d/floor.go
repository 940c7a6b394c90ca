package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coder/websocket"
)

// hops is a chain of relays with a client on either end.
type hops struct {
	relays   []*child
	from, to *websocket.Conn
	sent     int
	arrived  chan arrival // by the reader of to; closed when to has ended
}

// arrival is a message that has come through.
type arrival struct {
	text string
	at   time.Time
}

// newHops starts n relays, each connected to the one before.
func newHops(ctx context.Context, n int) (*hops, error) {
	h := &hops{arrived: make(chan arrival, 1)}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	to := "-"
	for i := range n {
		r, err := start(ctx, fmt.Sprintf("relay %d", i+1), nil, self, "--relay", to)
		if err != nil {
			h.stop()
			return nil, err
		}
		h.relays = append(h.relays, r)
		to = "ws://" + r.at.Listen
	}
	if h.from, err = h.connect(ctx, 0); err == nil {
		h.to, err = h.connect(ctx, n-1)
	}
	if err != nil {
		h.stop()
		return nil, err
	}
	go h.read()
	return h, h.warm(ctx)
}

func (h *hops) connect(ctx context.Context, i int) (*websocket.Conn, error) {
	s, _, err := websocket.Dial(ctx, "ws://"+h.relays[i].at.Listen, nil)
	return s, err
}

// warm sends one message through, which may be lost if a relay has not yet
// noted the socket that is to get it, and so is sent until it comes.
func (h *hops) warm(ctx context.Context) error {
	for range 50 {
		try, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		_, err := h.sample(try, 0)
		cancel()
		if err == nil {
			return nil
		}
	}
	h.stop()
	return errors.New("no message comes through the relays")
}

// stop ends the clients and the relays.
func (h *hops) stop() {
	for _, s := range []*websocket.Conn{h.from, h.to} {
		if s != nil {
			s.CloseNow()
		}
	}
	for _, r := range h.relays {
		r.Stop()
	}
}

func (h *hops) read() {
	defer close(h.arrived)
	for {
		_, data, err := h.to.Read(context.Background())
		if err != nil {
			return
		}
		h.arrived <- arrival{string(data), time.Now()}
	}
}

// message is about as long as a diff of one join.
const message = `{"type":"diff","channel":"across.1","version":%d,"count":1,"join":[{"user":"joiner-1","since":1700000000000}]}`

// sample returns how long one message takes from end to end.
func (h *hops) sample(ctx context.Context, _ int) (time.Duration, error) {
	h.sent++
	text := fmt.Sprintf(message, h.sent)
	begun := time.Now()
	if err := h.from.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return 0, fmt.Errorf("relay: %w", err)
	}
	for {
		select {
		case a, ok := <-h.arrived:
			if !ok {
				return 0, errors.New("relay: the reading socket has ended")
			}
			if a.text == text { // not one that was given up
				return a.at.Sub(begun), nil
			}
		case <-ctx.Done():
			return 0, fmt.Errorf("relay: %w", ctx.Err())
		}
	}
}
