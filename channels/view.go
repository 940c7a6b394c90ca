package channels

import (
	"cmp"
	"time"
)

// Config sets who a view belongs to and how patient it is.
type Config struct {
	// Self is this node, the writer of the own entries. Required.
	Self NodeID

	// Grace is how long a session whose socket broke without goodbye still
	// counts, in running time. 0 or more.
	Grace time.Duration

	// Timeout bounds how long a user whose end was told is kept waiting for the
	// news of her return, in running time. 0 keeps nobody.
	Timeout time.Duration

	// MaxSeen bounds how many users who left are remembered. Default 100,000,
	// some 15 MB. The oldest are forgotten first.
	MaxSeen int

	// MaxKept bounds how many ended sessions and memberships are kept waiting
	// at one time. Default 1,000,000. Those beyond it end at once.
	MaxKept int
}

// View is the merged view of all live nodes' sessions. See the package comment
// for who may call it: one caller at a time.
type View struct {
	cfg      Config
	learning bool // until Learned: shown to nobody yet
	lastID   uint64

	own      *origin
	origins  map[NodeID]*origin // own included
	leaving  []*origin          // said goodbye, grace not over; by order of goodbye
	gone     goneMarks
	users    map[string]*user
	channels map[string]*channel
	names    names // channels by name

	lastKept uint64
	kept     int                 // waits of ended sessions and memberships
	waits    map[NodeID]*waiters // by the node that is waited for

	grace queue[*wait] // own broken sessions, and ends that are forgotten
	keeps queue[*wait] // ended ones that are awaited elsewhere
	aways queue[due]   // from online to away after a short hold
	fades queue[due]   // choices that no session carries
	seen  seen

	touchedUsers   []touchedUser
	touchedMembers []touchedMember

	writes, taken []Change // taken: what Writes returned last
	events, told  []Event  // told: what Events returned last
	record        Kinds
	cause         Cause   // what happens just now
	causeAt       uint32  // 1 + its index in causes; 0: it is not there
	causes        []Cause // of what was touched in this step
	noticed       uint64  // events without a cause
	dirty         []*channel
	followedUsers map[string]*userFeed
	dirtyUsers    []string

	stats Stats
}

// Stats counts what a view holds now, and what it met since it was made.
type Stats struct {
	Sessions  int // of all nodes, anonymous ones included
	Anonymous int // sessions of nobody
	Users     int // with a session, in grace or hidden ones included
	Channels  int // with a member or a follower, hidden members included
	Members   int // pairs of user and channel, hidden ones included
	Kept      int // ended entries that wait for news of a return
	Seen      int // users who left and are remembered

	Unknown          uint64                   // ends of entries, and memberships of sessions, that are not here
	Joins            uint64                   // members that came, of all nodes
	Left             [ReasonHidden + 1]uint64 // members that went, by reason; 0: one that this version does not know
	Odd              uint64                   // entries that contradict themselves: no id, two users, both kinds
	Old              uint64                   // answers below the number already reached
	SuppressedLeaves uint64                   // memberships that only grace still held when the user came back

	KeptTooMany uint64 // ends that could not wait because of Config.MaxKept
	KeptTooLong uint64 // ends that waited for Config.Timeout in vain
	SeenDropped uint64 // users forgotten because of Config.MaxSeen
}

// New returns an empty view, which is learning until [View.Learned].
func New(cfg Config) *View {
	cfg.MaxSeen = cmp.Or(cfg.MaxSeen, 100_000)
	cfg.MaxKept = cmp.Or(cfg.MaxKept, 1_000_000)
	v := &View{
		cfg:           cfg,
		learning:      true,
		origins:       map[NodeID]*origin{},
		gone:          goneMarks{byNode: map[NodeID]goneMark{}},
		users:         map[string]*user{},
		channels:      map[string]*channel{},
		waits:         map[NodeID]*waiters{},
		seen:          seen{byUser: map[string]*sighting{}},
		followedUsers: map[string]*userFeed{},
		record:        AllKinds,
	}
	v.own = v.addOrigin(cfg.Self)
	return v
}

// Learned ends the time in which this node learns the cluster after its start
// and shows it to nobody. Until then a session in grace does make members, so
// that who moves to a fresh node sees the same room as everywhere.
func (v *View) Learned() { v.learning = false }

// Stats returns the counters.
func (v *View) Stats() Stats {
	s := v.stats
	s.Users, s.Channels = len(v.users), len(v.channels)
	s.Kept, s.Seen = v.kept, len(v.seen.byUser)
	return s
}
