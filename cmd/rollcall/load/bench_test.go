package load

import (
	"fmt"
	"strings"
	"testing"
)

// deaf takes no notice of what it is told.
type deaf struct{}

func (deaf) Welcome()             {}
func (deaf) Roster([]byte)        {}
func (deaf) Member([]byte)        {}
func (deaf) Entered([]byte, bool) {}
func (deaf) Joined(_, _ []byte)   {}
func (deaf) Left(_, _ []byte)     {}
func (deaf) Count([]byte, int)    {}
func (deaf) Answer([]byte)        {}

// What a client pays for a frame limits what it can measure.
func BenchmarkRead(b *testing.B) {
	var roster strings.Builder
	roster.WriteString(`{"type":"roster","id":2,"channel":"x.c0","version":1,"count":500,"members":[{"user":"x.u0","since":1760000000000}`)
	for i := range 499 {
		fmt.Fprintf(&roster, `,{"user":"x.u%d","since":1760000000000}`, i+1)
	}
	roster.WriteString(`],"more":false}`)
	for name, text := range map[string]string{
		"diff of one join": `{"type":"diff","channel":"x.c0","version":%d,"join":[{"user":"x.u17","since":1760000000000}],"count":4}`,
		"roster of 500":    roster.String(),
		"ping":             `{"type":"ping","time":1760000000000}`,
	} {
		b.Run(name, func(b *testing.B) {
			session, frame := &rollcallSession{follows: true}, []byte(strings.Replace(text, "%d", "1", 1))
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				session.version = 0
				if err := session.Read(frame, deaf{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
