package client

import (
	"context"
	"encoding/json"
	"fmt"
)

// Send sends a request and waits for no answer. The handler may call it.
func (c *Client) Send(ctx context.Context, r Request) error {
	if err := c.write(ctx, r); err != nil {
		return fmt.Errorf("client: send %s: %w", r.Type, err)
	}
	return nil
}

// Do sends a request under an id of its own and returns the answer, which the
// handler was given before. Of a roster in parts it is the last part. A refusal
// is an [*AnswerError].
func (c *Client) Do(ctx context.Context, r Request) (*Message, error) {
	answer := make(chan *Message, 1)
	c.mu.Lock()
	c.lastID++
	r.ID = c.lastID
	c.waiting[r.ID] = answer
	c.mu.Unlock()
	if err := c.Send(ctx, r); err != nil {
		c.forget(r.ID)
		return nil, err
	}
	m, err := c.await(ctx, r.ID, answer)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", r.Type, r.Channel, err)
	}
	return m, nil
}

// await returns the answer to a request once it has come.
func (c *Client) await(ctx context.Context, id uint64, answer <-chan *Message) (*Message, error) {
	defer c.forget(id)
	select {
	case m := <-answer:
		return m, refusal(m)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
	}
	select {
	case m := <-answer: // it came with the last frame
		return m, refusal(m)
	default:
		return nil, fmt.Errorf("%w: %w", ErrClosed, c.err)
	}
}

func refusal(m *Message) error {
	if m.Type == "error" {
		return &AnswerError{Code: m.Code, Text: m.Text}
	}
	return nil
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// wake gives a message to the call that waits for it, if any.
func (c *Client) wake(m *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ours := c.answered(m)
	answer, waits := c.waiting[id]
	if !ours || !waits {
		return
	}
	delete(c.waiting, id)
	answer <- m // has room: it is written once
}

// answered returns the request that m ends, if it ends one.
func (c *Client) answered(m *Message) (id uint64, ours bool) {
	switch {
	case m.Type == "welcome", m.Type == "error" && c.waiting[helloID] != nil:
		return helloID, true // before welcome there is no other request
	case m.Type == "roster" && m.More:
		if m.ID != 0 {
			c.parts[m.Channel] = m.ID
		}
		return 0, false
	case m.Type == "roster" && m.ID == 0:
		id, ours = c.parts[m.Channel]
		delete(c.parts, m.Channel)
		return id, ours
	case m.Type == "roster":
		delete(c.parts, m.Channel)
	}
	return m.ID, m.ID != 0
}

// Join becomes a member of a channel and follows it; data, which may be nil, is
// a JSON object. Where the client is a member already, it updates its data.
func (c *Client) Join(ctx context.Context, channel string, data json.RawMessage) (*Message, error) {
	return c.Do(ctx, Request{Type: "join", Channel: channel, Data: data})
}

// Watch follows a channel without being a member.
func (c *Client) Watch(ctx context.Context, channel string) (*Message, error) {
	return c.Do(ctx, Request{Type: "watch", Channel: channel})
}

// Leave ends membership and following of a channel.
func (c *Client) Leave(ctx context.Context, channel string) (*Message, error) {
	return c.Do(ctx, Request{Type: "leave", Channel: channel})
}

// Update replaces the data of one's membership.
func (c *Client) Update(ctx context.Context, channel string, data json.RawMessage) (*Message, error) {
	return c.Do(ctx, Request{Type: "update", Channel: channel, Data: data})
}

// Sync asks for the roster of a followed channel again.
func (c *Client) Sync(ctx context.Context, channel string) (*Message, error) {
	return c.Do(ctx, Request{Type: "sync", Channel: channel})
}

// Follow asks to be told of users, at most 200 in one request and 1,000 in all. The answer
// has them in Users as they are now; each change comes to the handler as a message of type
// user. One of type unfollowed ends what another token does not allow.
func (c *Client) Follow(ctx context.Context, users ...string) (*Message, error) {
	return c.Do(ctx, Request{Type: "follow", Users: users})
}

// Unfollow ends that.
func (c *Client) Unfollow(ctx context.Context, users ...string) (*Message, error) {
	return c.Do(ctx, Request{Type: "unfollow", Users: users})
}
