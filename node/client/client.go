package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxFrame bounds a frame of the node, which holds as many messages as
	// waited for this socket.
	maxFrame = 4 << 20

	// writeTime is how long one write may take. A node that reads nothing for
	// so long is as good as gone.
	writeTime = 5 * time.Second
)

// ErrClosed means that the connection has ended; [Client.Err] says why.
var ErrClosed = errors.New("connection ended")

// Client is one connection to a node. All methods may be called concurrently,
// but those that wait for an answer not from the handler, which would wait for
// itself.
type Client struct {
	socket  *websocket.Conn
	handle  func(*Message)
	welcome *Message // fixed once Dial has returned
	heard   atomic.Int64
	done    chan struct{} // closed when read has returned
	err     error         // why; fixed once done is closed
	drained chan struct{} // closed when the moment to go has come
	going   sync.Once     // sets that moment

	mu      sync.Mutex // guards what follows
	lastID  uint64
	waiting map[uint64]chan *Message // by id of the request; one entry per call of Do
	parts   map[string]uint64        // requests answered by a roster whose end is to come, by channel
}

// Dial connects to a node, such as ws://127.0.0.1:8080/v1/connect, says hello
// and returns once the node has said welcome. Until then ctx may end it.
//
// Every message, the welcome first, is given to handle, which may be nil, in
// the order in which they came and one at a time: it must not block. The
// message is handle's to keep.
func Dial(ctx context.Context, url string, hello Hello, handle func(*Message)) (*Client, error) {
	socket, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"rollcall.v1"}})
	if op := new(net.OpError); errors.As(err, &op) {
		err = op // the rest only says that a WebSocket was tried
	}
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	socket.SetReadLimit(maxFrame)
	if handle == nil {
		handle = func(*Message) {}
	}
	c := &Client{
		socket:  socket,
		handle:  handle,
		done:    make(chan struct{}),
		drained: make(chan struct{}),
		waiting: make(map[uint64]chan *Message),
		parts:   make(map[string]uint64),
	}
	if err := c.greet(ctx, hello); err != nil {
		c.Break()
		return nil, err
	}
	return c, nil
}

// greet says hello, starts to read, and waits for the welcome.
func (c *Client) greet(ctx context.Context, hello Hello) error {
	welcomed := make(chan *Message, 1)
	c.waiting[helloID] = welcomed
	go c.read()
	frame := struct {
		Type string `json:"type"`
		Hello
	}{"hello", hello}
	if err := c.write(ctx, frame); err != nil {
		return fmt.Errorf("client: say hello: %w", c.unheard(ctx, err, welcomed))
	}
	m, err := c.await(ctx, helloID, welcomed)
	if refused := new(AnswerError); errors.As(err, &refused) {
		err = c.refused(ctx, refused)
	}
	if err != nil {
		return fmt.Errorf("client: wait for welcome: %w", err)
	}
	c.welcome = m
	return nil
}

// unheard returns why hello could not be written: a node that lets nobody in says so, and
// closes, without having heard who comes.
func (c *Client) unheard(ctx context.Context, err error, welcomed <-chan *Message) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	_, why := c.await(ctx, helloID, welcomed)
	if refused := new(AnswerError); errors.As(why, &refused) {
		return c.refused(ctx, refused)
	}
	if CloseCode(why) >= 0 {
		return why
	}
	return err
}

// refused waits for the close frame behind an error that answers hello, because
// its code tells whether to come back.
func (c *Client) refused(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	select {
	case <-c.done:
		return fmt.Errorf("%w: %w", err, c.err)
	case <-ctx.Done():
		return err
	}
}

// helloID stands for the hello among the requests that wait; none has it on the
// wire.
const helloID = 0

// Welcome returns the node's answer to hello.
func (c *Client) Welcome() *Message { return c.welcome }

// Heard returns when the node's last frame came, by the local clock.
func (c *Client) Heard() time.Time { return time.Unix(0, c.heard.Load()) }

// Done is closed when the connection has ended and the handler was called for
// the last time.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the connection ended, and nil before [Client.Done]. See
// [CloseCode].
func (c *Client) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// CloseCode returns the code of the close frame that ended a connection, or -1
// if there was none. 4401, among others, also says that Dial was refused.
func CloseCode(err error) int { return int(websocket.CloseStatus(err)) }

// closeError is the close frame of a node, in plainer words than the library's.
type closeError struct{ websocket.CloseError }

func (e *closeError) Error() string {
	return fmt.Sprintf("node closed the connection: %d %s", e.Code, e.Reason)
}

func (e *closeError) Unwrap() error { return e.CloseError }

// Close says bye, so that the user leaves at once, and waits until the node has
// closed or ctx ends. It returns nil unless the goodbye may have been lost.
func (c *Client) Close(ctx context.Context) error {
	defer c.Break()
	if err := c.Send(ctx, Request{Type: "bye"}); err != nil {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("client: say bye: %w", ctx.Err())
	}
	if code := CloseCode(c.err); code != int(websocket.StatusNormalClosure) {
		return fmt.Errorf("client: say bye: %w", c.err)
	}
	return nil
}

// Break drops the TCP connection without any goodbye, as when a tab is reloaded
// or a cable cut, and waits until the handler has returned.
func (c *Client) Break() {
	c.socket.CloseNow()
	<-c.done
}

// write sends one frame, unless ctx has ended. Once begun it is not given up for
// the sake of ctx, since half a frame would end the connection.
func (c *Client) write(ctx context.Context, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	return c.socket.Write(ctx, websocket.MessageText, data)
}

// read hands on what the node sends until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	for c.err == nil {
		c.err = c.readFrame()
	}
	c.socket.CloseNow()
}

// frames lends readers a buffer for one frame, since most clients rest.
var frames = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (c *Client) readFrame() error {
	kind, r, err := c.socket.Reader(context.Background()) // ended by CloseNow, at the cost of nothing
	if closed := new(closeError); errors.As(err, &closed.CloseError) {
		return closed
	}
	if err != nil {
		return err
	}
	if kind != websocket.MessageText {
		return fmt.Errorf("client: binary frame")
	}
	frame := frames.Get().(*bytes.Buffer)
	defer frames.Put(frame)
	frame.Reset()
	if _, err := io.Copy(frame, r); err != nil {
		return fmt.Errorf("client: read frame: %w", err)
	}
	c.heard.Store(time.Now().UnixNano())
	for line := range bytes.SplitSeq(frame.Bytes(), []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		m, err := parse(line)
		if err != nil {
			return err
		}
		if err := c.take(m); err != nil {
			return err
		}
	}
	return nil
}

// take answers a ping, hands the message on, and then wakes who waits for it.
func (c *Client) take(m *Message) error {
	if m.Type == "ping" {
		if err := c.write(context.Background(), Request{Type: "pong"}); err != nil {
			return fmt.Errorf("client: answer ping: %w", err)
		}
	}
	if m.Type == "drain" {
		c.drain(time.Duration(m.Delay) * time.Millisecond)
	}
	c.handle(m)
	c.wake(m)
	return nil
}
