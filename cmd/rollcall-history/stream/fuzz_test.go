package stream

import (
	"bytes"
	"io"
	"testing"
)

// FuzzStream reads what a node, or what stands in its place, may send.
func FuzzStream(f *testing.F) {
	f.Add([]byte(": alive\n\nevent: session.connected\nid: 1\ndata: {\"id\":\"1\",\"time\":1,\"nodeId\":\"a\",\"session\":\"a-1\",\"user\":\"alice\"}\n\n"))
	f.Add([]byte("event: sync\ndata: {\"nodes\":[{\"id\":\"a\"}],\"sessions\":[{\"id\":\"a-1\",\"nodeId\":\"a\"}],\"more\":true}\n\nevent: sync\ndata: {\"sessions\":[]}\n\n"))
	f.Add([]byte("event: node.joined\ndata: {\"nodeId\":\"b\"}\n\nevent: node.lost\ndata: {\"nodeId\":\"b\",\"sessions\":[\"b-1\"]}\n\n"))
	f.Add([]byte("event: session.away\ndata: {\"session\":\"a-1\",\"lastActivity\":7}\n\nevent: session.disconnected\ndata: {\"session\":\"a-1\"}\n\n"))
	f.Add([]byte("data\ndata:\r\n\r\nevent:sync\ndata:null\n\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := newReader(io.NopCloser(bytes.NewReader(sent)))
		for range len(sent) + 2 {
			item, err := r.Next()
			if err != nil {
				return
			}
			if item != nil && (item.Sync == nil) == (item.Change.Kind == 0) {
				t.Errorf("%q gives %+v, want either a sync or a change", sent, item)
			}
		}
		t.Errorf("%q is read for ever: %v", sent, io.ErrNoProgress)
	})
}
