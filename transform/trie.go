package transform

import "slices"

// node is one step of the key trie: the paths below one source value that any
// mapping of the object reads. The scanner walks the raw bytes and the trie
// together and skips whatever the trie does not name.
type node struct {
	slot, end int           // slots[slot:end] belong to this node and all nodes below it
	keys      [][]trieChild // members of an object, by length of the key
	items     []*node       // elements of a list, by index; nil where none is wanted
	elem      *node         // the catalog's members of a list's elements; nil for none
	closed    bool          // an object whose members are all in the catalog
	list      int           // index in scanner.lists of its elements or members; -1 when nothing iterates it
	key       string        // the name of a member
	number    int           // unique in the program; see scanner.follow
	name      string        // path from the root, for drift and messages
	steps     []pathStep    // the same, step by step
}

// unwanted is the slot of a node that is in the catalog and that no mapping
// reads.
const unwanted = -1

type trieChild struct {
	key  string
	node *node
}

func newNode(name string) *node { return &node{list: -1, name: name} }

// find returns the child for a key, or nil. Buckets by length leave a handful
// of keys to compare, which measured faster than a map.
func (n *node) find(key []byte) *node {
	if len(key) >= len(n.keys) {
		return nil
	}
	if len(key) == 0 {
		return nil // no path has an empty name
	}
	last := key[len(key)-1]
	for i := range n.keys[len(key)] {
		// Most keys of one length differ in their last byte.
		if c := &n.keys[len(key)][i]; c.key[len(c.key)-1] == last && c.key == string(key) {
			return c.node
		}
	}
	return nil
}

// member returns the child for a key and makes it if it is new.
func (n *node) member(key string) *node {
	if c := n.find([]byte(key)); c != nil {
		return c
	}
	for len(n.keys) <= len(key) {
		n.keys = append(n.keys, nil)
	}
	c := newNode(joinPath(n.name, key))
	c.key = key
	c.steps = append(slices.Clip(n.steps), pathStep{name: key})
	n.keys[len(key)] = append(n.keys[len(key)], trieChild{key, c})
	return c
}

// item returns the child for an index of a list and makes it if it is new.
func (n *node) item(i int) *node {
	for len(n.items) <= i {
		n.items = append(n.items, nil)
	}
	if n.items[i] == nil {
		n.items[i] = newNode(n.name + indexStep(i))
		n.items[i].steps = append(slices.Clip(n.steps), pathStep{item: i})
	}
	return n.items[i]
}

// layOut assigns slots in preorder, so that a node and all nodes below it have
// one range of slots, and a repeated key can clear all of it at once. It
// returns the next free slot and list.
func (n *node) layOut(slot, list int) (int, int) {
	n.slot = slot
	slot++
	if n.list >= 0 {
		n.list = list
		list++
	}
	for _, bucket := range n.keys {
		for _, c := range bucket {
			slot, list = c.node.layOut(slot, list)
		}
	}
	for _, c := range n.items {
		if c != nil {
			slot, list = c.layOut(slot, list)
		}
	}
	n.end = slot
	return slot, list
}

// enumerate numbers a node and all below it. It returns the next free number.
func (n *node) enumerate(next int) int {
	n.number = next
	next++
	for _, bucket := range n.keys {
		for _, c := range bucket {
			next = c.node.enumerate(next)
		}
	}
	for _, c := range append(slices.Clip(n.items), n.elem) {
		if c != nil {
			next = c.enumerate(next)
		}
	}
	return next
}
