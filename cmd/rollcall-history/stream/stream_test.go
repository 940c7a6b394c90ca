package stream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStreamIsReadAsTheStandardSays(t *testing.T) {
	from := newMessages(strings.NewReader(": comment\n\nevent: a\ndata: 1\ndata:2\n\nid: 7\r\nevent: b\r\ndata:  3\r\n\r\nevent: c\n\nretry: 5\ndata: 4\n\ndata: never ended"))
	var got []message
	for {
		m, err := from.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	want := []message{{}, {event: "a", data: "1\n2"}, {event: "b", id: "7", data: " 3"}, {data: "4"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNoMessageGrowsWithoutEnd(t *testing.T) {
	line := "data: " + strings.Repeat("x", maxMessage/4-1) + "\n" // and the line's end
	for lines, ok := range map[int]bool{4: true, 5: false} {
		m, err := newMessages(strings.NewReader(strings.Repeat(line, lines) + "\n")).next()
		if (err == nil) != ok {
			t.Errorf("%d lines of %d bytes: a message of %d bytes, %v", lines, len(line), len(m.data), err)
		}
	}
	if _, err := newMessages(strings.NewReader("data: " + strings.Repeat("x", maxMessage) + "\n\n")).next(); err == nil {
		t.Error("a line may be longer than a message")
	}
}

func TestSyncIsOneItemHoweverManyPartsItHas(t *testing.T) {
	const told = `event: sync
data: {"id":"s","time":5,"nodes":[{"id":"a"},{"id":"b"}],"sessions":[{"id":"a-1","nodeId":"a","user":"alice","connectedAt":3}],"more":true}

event: sync
data: {"id":"s2","time":5,"nodes":[{"id":"a"},{"id":"b"}],"sessions":[{"id":"b-1","nodeId":"b"}]}

event: node.lost
data: {"nodeId":"b","sessions":["b-1"]}

event: node.joined
data: {"nodeId":"c"}

`
	r := newReader(io.NopCloser(strings.NewReader(told)))
	var items []*Item
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if item != nil {
			items = append(items, item)
		}
	}
	if len(items) != 1 || items[0].Sync == nil {
		t.Fatalf("%d items, want one sync", len(items))
	}
	want := []Connection{{Session: "a-1", Node: "a", User: "alice", Login: 3}, {Session: "b-1", Node: "b", Login: 5}}
	if s := items[0].Sync; s.Event != "s" || s.Time != 5 || !slices.Equal(s.Nodes, []string{"a", "b"}) || !slices.Equal(s.Sessions, want) {
		t.Errorf("%+v", s)
	}
	nodes := r.Nodes()
	if slices.Sort(nodes); !slices.Equal(nodes, []string{"a", "c"}) {
		t.Errorf("nodes %q are there, want a and c", nodes)
	}
}

func TestSilentNodeIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	// It may be given up before or after it has answered: that is all the same.
	r, err := Connect(t.Context(), server.Client(), server.URL, "", 50*time.Millisecond)
	if err == nil {
		defer r.Close()
		_, err = r.Next()
	}
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%v, want an error", err)
	}
}

func TestNodeThatSaysAnythingIsHeardOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silence = 10 * time.Second
		ctx, cancel := context.WithCancelCause(t.Context())
		b := newBody(silence, cancel)
		answer, node := io.Pipe()
		b.ReadCloser = answer
		r := newReader(b)
		defer r.Close()
		go func() {
			for range 5 {
				time.Sleep(silence - time.Second)
				_, _ = node.Write([]byte(": here\n"))
			}
		}()
		for range 5 {
			if _, err := r.Next(); err != nil || ctx.Err() != nil {
				t.Fatal(err, context.Cause(ctx))
			}
		}
		time.Sleep(silence - time.Second)
		if synctest.Wait(); ctx.Err() != nil {
			t.Error("it was given up too early:", context.Cause(ctx))
		}
		time.Sleep(time.Second)
		if synctest.Wait(); ctx.Err() == nil {
			t.Errorf("silent for %v, it is not given up", silence)
		}
	})
}

func TestRefusalIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such key: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}))
	defer server.Close()
	_, err := Connect(t.Context(), server.Client(), server.URL, "wrong", time.Minute)
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "no such key: Bearer wrong") {
		t.Errorf("%v, want 401 and what was said", err)
	}
}
