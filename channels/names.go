package channels

import (
	"cmp"
	"slices"
	"sort"
)

// maxBlock bounds a block of names: what one insertion may have to move.
const maxBlock = 512

// names holds the channels in order of name, in blocks that are never empty.
type names struct {
	blocks [][]*channel
}

// seek returns where name is or would be. The block is len(blocks) if every
// name is lower.
func (n *names) seek(name string) (block, at int, found bool) {
	block = sort.Search(len(n.blocks), func(i int) bool {
		b := n.blocks[i]
		return b[len(b)-1].name >= name
	})
	if block < len(n.blocks) {
		at, found = slices.BinarySearchFunc(n.blocks[block], name, func(c *channel, name string) int {
			return cmp.Compare(c.name, name)
		})
	}
	return block, at, found
}

func (n *names) insert(c *channel) {
	if len(n.blocks) == 0 {
		n.blocks = [][]*channel{{c}}
		return
	}
	i, at, found := n.seek(c.name)
	if found {
		return
	}
	if i == len(n.blocks) {
		i--
		at = len(n.blocks[i])
	}
	b := slices.Insert(n.blocks[i], at, c)
	n.blocks[i] = b
	if len(b) > maxBlock {
		n.blocks[i] = slices.Clone(b[:maxBlock/2])
		n.blocks = slices.Insert(n.blocks, i+1, slices.Clone(b[maxBlock/2:]))
	}
}

func (n *names) remove(c *channel) {
	i, at, found := n.seek(c.name)
	if !found {
		return
	}
	n.blocks[i] = slices.Delete(n.blocks[i], at, at+1)
	if len(n.blocks[i]) == 0 {
		n.blocks = slices.Delete(n.blocks, i, i+1)
	}
}

// from calls f for every channel from name on, in order, until it returns false.
func (n *names) from(name string, f func(*channel) bool) {
	i, at, _ := n.seek(name)
	for ; i < len(n.blocks); i, at = i+1, 0 {
		for _, c := range n.blocks[i][at:] {
			if !f(c) {
				return
			}
		}
	}
}
