package node

// One tick tells so many that members may be missing, in members and followers, each
// channel counting for some more: rosters go out whole, and what else happens shall not
// wait for them all.
const (
	tellAtOnce = 20_000
	tellEach   = 10
)

// judgeKnowledge looks whether this node knows of everybody, and has the followers of
// all channels told when that changes: they get the roster again, with the flag
// changed. It is called once a tick, with Node.mu held.
func (n *Node) judgeKnowledge() {
	if missing := !n.core.Gossip.Complete(); missing != n.missing {
		n.missing = missing
		if missing {
			n.stats.Incomplete++
			n.log.Warn("members may be missing from rosters: a peer is silent, or most were lost")
		} else {
			n.log.Info("rosters are complete again")
		}
		n.unsure = n.unsure[:0]
		for _, f := range n.fans {
			n.unsure = append(n.unsure, f)
		}
	}
	n.tellKnowledge()
}

// tellKnowledge tells the followers of as many channels as one tick may.
func (n *Node) tellKnowledge() {
	for left := tellAtOnce; left > 0 && len(n.unsure) > 0; {
		last := len(n.unsure) - 1
		f := n.unsure[last]
		n.unsure[last] = nil
		n.unsure = n.unsure[:last]
		if n.fans[f.channel] != f || f.missing == n.missing {
			continue
		}
		f.missing = n.missing
		users, _ := n.core.View.Count(f.channel)
		left -= tellEach + users + len(f.live)
		for _, w := range f.live {
			w.repeat()
			n.await(w)
		}
	}
}

// repeat has a follower get the roster again, after the diffs that are due.
func (w *follow) repeat() {
	w.conn.mu.Lock()
	defer w.conn.mu.Unlock()
	w.again = true
}
