//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"time"
)

// FuzzStream reads what a node, or what stands in its place, may send.
func FuzzStream(f *testing.F) {
	f.Add([]byte(": alive\n\nevent: session.connected\nid: 1\ndata: {\"id\":\"1\",\"time\":1,\"nodeId\":\"a\",\"session\":\"a-1\",\"user\":\"alice\"}\n\n"))
	f.Add([]byte("event: sync\ndata: {\"nodes\":[{\"id\":\"a\"}],\"sessions\":[{\"id\":\"a-1\",\"nodeId\":\"a\"}],\"more\":true}\n\nevent: sync\ndata: {\"sessions\":[]}\n\n"))
	f.Add([]byte("event: node.joined\ndata: {\"nodeId\":\"b\"}\n\nevent: node.lost\ndata: {\"nodeId\":\"b\",\"sessions\":[\"b-1\"]}\n\n"))
	f.Add([]byte("data\ndata:\r\n\r\nevent:sync\ndata:null\n\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		lines := bufio.NewScanner(bytes.NewReader(sent))
		lines.Buffer(nil, 1<<10)
		s := &stream{lines: lines, quiet: time.NewTimer(time.Hour), limit: time.Hour}
		defer s.quiet.Stop()
		d := decoder{nodes: map[string]bool{}}
		for range len(sent) + 2 {
			m, err := s.next()
			if err != nil {
				return
			}
			it, err := d.decode(m)
			if err != nil {
				return
			}
			if it != nil && it.sync == nil && it.change.Kind == 0 {
				t.Errorf("%q gives nothing to write", m)
			}
		}
		t.Errorf("%q is read for ever: %v", sent, io.ErrNoProgress)
	})
}
