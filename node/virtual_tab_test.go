package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// tab is a client on one socket, which answers pings and keeps rosters as the
// protocol wants it, and remembers everything.
type tab struct {
	w       *world
	user    string
	sock    *websocket.Conn
	over    chan struct{} // closed when reading has ended
	rosters client.Rosters

	mu       sync.Mutex
	gate     chan struct{} // reading goes on once it is closed; nil: it does
	mute     bool          // answers no ping
	nextID   uint64
	asked    []client.Request // whose answers are to come, in order
	inOrder  bool             // answers came in the order of their requests
	answers  map[uint64]*client.Message
	messages []heard
	news     []news
	problems []string // versions with gaps, rosters that do not add up
	code     protocol.CloseCode
}

// heard is a message and when it came.
type heard struct {
	at time.Time
	*client.Message
}

// news is what a follower saw happen to one user.
type news struct {
	at                  time.Time
	channel, what, user string
	reason              string // of a leave
}

func (n news) String() string {
	return fmt.Sprintf("%s %s of %s %s", n.channel, n.what, n.user, n.reason)
}

// dial connects to a node and says nothing.
func (w *world) dial(n *virtual, user string) *tab {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	sock, _, err := websocket.Dial(ctx, "ws://"+n.host+":8080/v1/connect", &websocket.DialOptions{HTTPClient: w.http})
	if err != nil {
		w.Fatalf("%s connects to %s: %v", user, n.host, err)
	}
	sock.SetReadLimit(-1)
	b := &tab{w: w, user: user, sock: sock, over: make(chan struct{}), inOrder: true, answers: map[uint64]*client.Message{}}
	w.tabs = append(w.tabs, b)
	go b.read()
	return b
}

// open connects to a node, says hello and waits for the welcome.
func (w *world) open(n *virtual, user string) *tab {
	w.Helper()
	return w.openAs(n, user, client.Hello{Token: w.token(user, 24*time.Hour)})
}

func (w *world) openAs(n *virtual, user string, hello client.Hello) *tab {
	w.Helper()
	b := w.dial(n, user)
	b.hello(hello)
	w.until(user+" is welcome", 20*time.Second, func() bool { return b.last("welcome") != nil })
	return b
}

func (b *tab) hello(hello client.Hello) {
	b.send(struct {
		Type string `json:"type"`
		client.Hello
	}{"hello", hello})
}

// send sends messages in one frame. A socket that is over takes them without a word.
func (b *tab) send(messages ...any) {
	var frame []byte
	for i, m := range messages {
		if i > 0 {
			frame = append(frame, '\n')
		}
		text, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		frame = append(frame, text...)
	}
	_ = b.sock.Write(context.Background(), websocket.MessageText, frame)
}

// ask sends requests in one frame, with ids, which it returns.
func (b *tab) ask(requests ...client.Request) (ids []uint64) {
	b.mu.Lock()
	messages := make([]any, len(requests))
	for i, r := range requests {
		b.nextID++
		r.ID = b.nextID
		b.asked, ids = append(b.asked, r), append(ids, r.ID)
		messages[i] = r
	}
	b.mu.Unlock()
	b.send(messages...)
	return ids
}

// do sends one request and waits for its answer.
func (b *tab) do(r client.Request) (answer *client.Message) {
	b.w.Helper()
	id := b.ask(r)[0]
	b.w.until(fmt.Sprintf("%s has an answer to %s %s", b.user, r.Type, r.Channel), 10*time.Second, func() bool {
		answer = b.answer(id)
		return answer != nil
	})
	if answer.Type == "error" {
		b.w.Fatalf("%s: %s %s is answered %s: %s", b.user, r.Type, r.Channel, answer.Code, answer.Text)
	}
	return answer
}

// answer returns the answer to a request, or nil.
func (b *tab) answer(id uint64) *client.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers[id]
}

// unanswered returns how many requests have no answer.
func (b *tab) unanswered() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

func (b *tab) join(channel string) {
	b.w.Helper()
	b.do(client.Request{Type: "join", Channel: channel})
}
func (b *tab) watch(channel string) {
	b.w.Helper()
	b.do(client.Request{Type: "watch", Channel: channel})
}
func (b *tab) bye() { b.send(client.Request{Type: "bye"}) }

// cut breaks the connection without a goodbye.
func (b *tab) cut() {
	b.stall(false)
	_ = b.sock.CloseNow()
	<-b.over
}

// stall has the client read no more, or go on.
func (b *tab) stall(stalled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case stalled && b.gate == nil:
		b.gate = make(chan struct{})
	case !stalled && b.gate != nil:
		close(b.gate)
		b.gate = nil
	}
}

func (b *tab) setMute(mute bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mute = mute
}

// read takes in what the node sends until the connection ends.
func (b *tab) read() {
	defer close(b.over)
	for {
		_, frame, err := b.sock.Read(context.Background())
		b.mu.Lock()
		if err != nil {
			b.code = protocol.CloseCode(max(0, websocket.CloseStatus(err)))
			b.mu.Unlock()
			return
		}
		gate := b.gate
		b.mu.Unlock()
		if gate != nil {
			<-gate
		}
		for line := range bytes.SplitSeq(frame, []byte("\n")) {
			b.take(line)
		}
	}
}

func (b *tab) take(line []byte) {
	m := new(client.Message)
	if err := json.Unmarshal(line, m); err != nil {
		panic(fmt.Sprintf("%s was sent %q: %v", b.user, line, err))
	}
	h := heard{time.Now(), m}
	if m.Type == "user" {
		h.user(line)
	}
	b.mu.Lock()
	b.messages = append(b.messages, h)
	b.order(m)
	b.age(m)
	changes, err := b.rosters.Apply(m)
	if err != nil {
		b.problems = append(b.problems, err.Error())
	}
	if m.Type == "diff" {
		b.tell(m.Channel, changes)
	}
	pong := m.Type == "ping" && !b.mute
	b.mu.Unlock()
	if pong {
		b.send(client.Request{Type: "pong"})
	}
}

// order notes an answer, and whether it is the one that is due.
func (b *tab) order(m *client.Message) {
	if m.ID == 0 || m.More {
		return
	}
	b.answers[m.ID] = m
	if len(b.asked) == 0 || b.asked[0].ID != m.ID {
		b.inOrder = false
		return
	}
	if r := b.asked[0]; r.Type == "leave" {
		b.rosters.Forget(r.Channel)
	}
	b.asked = b.asked[1:]
}

// age notes a roster that is older than what the client knows.
func (b *tab) age(m *client.Message) {
	leaves := slices.ContainsFunc(b.asked, func(r client.Request) bool { return r.Type == "leave" && r.Channel == m.Channel })
	if known, _ := b.rosters.Roster(m.Channel); m.Type == "roster" && m.Version < known.Version && !leaves {
		b.problems = append(b.problems, fmt.Sprintf("roster of %s at version %d after %d", m.Channel, m.Version, known.Version))
	}
}

func (b *tab) tell(channel string, c client.Changes) {
	now := time.Now()
	for _, m := range c.Join {
		b.news = append(b.news, news{now, channel, "join", m.User, ""})
	}
	for _, l := range c.Leave {
		b.news = append(b.news, news{now, channel, "leave", l.User, l.Reason})
	}
}

// seen returns the joins and leaves that the client was told of since it was last asked.
func (b *tab) seen() []news {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.news
	b.news = nil
	return n
}

// all returns the messages of a type.
func (b *tab) all(kind string) (found []heard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		if m.Type == kind {
			found = append(found, m)
		}
	}
	return found
}

// last returns the last message of a type, or nil.
func (b *tab) last(kind string) *heard {
	if all := b.all(kind); len(all) > 0 {
		return &all[len(all)-1]
	}
	return nil
}

// users returns who is in a channel as far as the client knows, in order.
func (b *tab) users(channel string) []string {
	r, ok := b.rosters.Roster(channel)
	if !ok {
		return []string{"(no roster)"}
	}
	return r.Users()
}

// wantUsers fails the test if the client knows others to be in a channel.
func (b *tab) wantUsers(channel string, want ...string) {
	b.w.Helper()
	slices.Sort(want)
	if got := b.users(channel); !slices.Equal(got, want) {
		b.w.Errorf("%s sees %v in %s, want %v", b.user, got, channel, want)
	}
}

// settled is well over a batch, here and on another node.
const settled = 100 * time.Millisecond

// wantNews fails the test unless the client was told exactly this since it was last asked.
func (b *tab) wantNews(want ...string) []news {
	b.w.Helper()
	time.Sleep(settled)
	all := b.seen()
	var got []string
	for _, n := range all {
		got = append(got, strings.TrimSpace(n.String()))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.w.Errorf("%s was told %q, want %q", b.user, got, want)
	}
	return all
}

// wantClosed waits until the node has closed the socket, at most that long, and
// fails the test if the code is another.
func (b *tab) wantClosed(bound time.Duration, code protocol.CloseCode) {
	b.w.Helper()
	select {
	case <-b.over:
	case <-time.After(bound):
		b.w.Fatalf("%s is still connected after %v, want close %d", b.user, bound, code)
	}
	if b.code != code {
		b.w.Errorf("%s was closed with %d, want %d", b.user, b.code, code)
	}
}

// wantSound fails the test if what the client was sent contradicts itself, or
// answers came in another order than the requests.
func (b *tab) wantSound() {
	b.w.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		b.w.Errorf("%s: %d problems, first %s", b.user, len(b.problems), b.problems[0])
	}
	if !b.inOrder {
		b.w.Errorf("%s: answers came out of order", b.user)
	}
}
