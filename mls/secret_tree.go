package mls

import (
	"fmt"
	"maps"
	"slices"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A secretTree holds the message keys of an epoch (RFC 9420, section 9). It is
// expanded lazily: nodes holds the secrets whose children were not derived yet,
// senders the ratchets of the leaves that were reached. Whatever was derived from
// is wiped (section 9.2).
//
//	encryption_secret = secret of the root
//	secret of a node  --> secrets of its children, or the two ratchets of a leaf
//	ratchet secret    --> key and nonce of one message, and the next ratchet secret
type secretTree struct {
	leaves  uint32
	nodes   map[nodeIndex]*secret.Bytes
	senders map[LeafIndex]*senderRatchets
}

// senderRatchets are the two ratchets of one sender, by what they encrypt.
type senderRatchets struct {
	handshake, application *ratchet
}

func (s *senderRatchets) of(t ContentType) **ratchet {
	if t == ContentApplication {
		return &s.application
	}
	return &s.handshake
}

func (s *senderRatchets) wipe() {
	if s != nil {
		s.handshake.wipe()
		s.application.wipe()
	}
}

// newSecretTree takes ownership of encryption_secret.
func newSecretTree(leaves uint32, encryption *secret.Bytes) *secretTree {
	return &secretTree{
		leaves:  leaves,
		nodes:   map[nodeIndex]*secret.Bytes{rootOf(leaves): encryption},
		senders: map[LeafIndex]*senderRatchets{},
	}
}

// An expansion is what reaching a leaf would change in the tree. It is applied
// once a message proved to be authentic, or dropped.
type expansion struct {
	from  nodeIndex
	nodes map[nodeIndex]*secret.Bytes
	leaf  *senderRatchets
}

// expand derives the ratchets of a leaf that was not reached yet, and leaves the
// tree as it is. It returns nil when there is nothing to derive them from.
func (t *secretTree) expand(a *algorithms, l LeafIndex) *expansion {
	x := l.node()
	path := []nodeIndex{x}
	for t.nodes[x].Len() == 0 {
		if x == rootOf(t.leaves) {
			return nil
		}
		x = x.parent()
		path = append(path, x)
	}
	e := &expansion{from: x, nodes: map[nodeIndex]*secret.Bytes{}}
	s := t.nodes[x].Clone()
	for i := len(path) - 1; i > 0; i-- {
		up, down := path[i], path[i-1]
		left := secret.New(a.expand(s.Reveal(), "tree", []byte("left"), a.nh))
		right := secret.New(a.expand(s.Reveal(), "tree", []byte("right"), a.nh))
		s.Wipe()
		if down == up.left() {
			s, e.nodes[up.right()] = left, right
		} else {
			s, e.nodes[up.left()] = right, left
		}
	}
	e.leaf = &senderRatchets{
		handshake:   &ratchet{secret: secret.New(a.expand(s.Reveal(), "handshake", nil, a.nh))},
		application: &ratchet{secret: secret.New(a.expand(s.Reveal(), "application", nil, a.nh))},
	}
	s.Wipe()
	return e
}

func (t *secretTree) apply(l LeafIndex, e *expansion) {
	t.nodes[e.from].Wipe()
	delete(t.nodes, e.from)
	maps.Copy(t.nodes, e.nodes)
	t.senders[l] = e.leaf
}

func (e *expansion) wipe() {
	if e == nil {
		return
	}
	for _, s := range e.nodes {
		s.Wipe()
	}
	e.leaf.wipe()
}

// next consumes the next generation of our own ratchet and returns its key. The
// caller owns the key.
func (t *secretTree) next(a *algorithms, own LeafIndex, kind ContentType) (*messageKey, error) {
	s := t.senders[own]
	if s == nil {
		e := t.expand(a, own)
		if e == nil {
			return nil, ErrConsumed
		}
		t.apply(own, e)
		s = e.leaf
	}
	return (*s.of(kind)).step(a)
}

// An opening is a message key that was looked up but not consumed yet.
type opening struct {
	tree     *secretTree
	leaf     LeafIndex
	kind     ContentType
	expanded *expansion
	next     *ratchet // the ratchet once the key is consumed
	key      *messageKey
}

// open looks up the key of a message. Nothing is consumed until [opening.consume]:
// a message that does not verify must not move the ratchet.
func (t *secretTree) open(a *algorithms, l LeafIndex, kind ContentType, generation uint32, limits Limits) (*opening, error) {
	o := &opening{tree: t, leaf: l, kind: kind}
	s := t.senders[l]
	if s == nil {
		if o.expanded = t.expand(a, l); o.expanded == nil {
			return nil, ErrConsumed
		}
		s = o.expanded.leaf
	}
	var err error
	if o.next, o.key, err = (*s.of(kind)).lookUp(a, generation, limits); err != nil {
		o.expanded.wipe()
		return nil, err
	}
	return o, nil
}

// consume applies the opening: the key is gone, and all that it came from.
func (o *opening) consume() {
	o.key.wipe()
	if o.expanded != nil {
		o.tree.apply(o.leaf, o.expanded)
	}
	r := o.tree.senders[o.leaf].of(o.kind)
	(*r).wipe()
	*r = o.next
}

// drop gives the opening up and leaves the tree as it was.
func (o *opening) drop() {
	o.key.wipe()
	o.next.wipe()
	o.expanded.wipe()
}

// generation is the next unused generation of a sender's ratchet.
func (t *secretTree) generation(l LeafIndex, kind ContentType) uint32 {
	if s := t.senders[l]; s != nil {
		return (*s.of(kind)).generation
	}
	return 0
}

func (t *secretTree) wipe() {
	if t == nil {
		return
	}
	for _, s := range t.nodes {
		s.Wipe()
	}
	for _, s := range t.senders {
		s.wipe()
	}
	t.nodes, t.senders = nil, nil
}

// forget ends the ratchets of one leaf.
func (t *secretTree) forget(a *algorithms, l LeafIndex) {
	if t.senders[l] == nil {
		if e := t.expand(a, l); e != nil {
			t.apply(l, e)
		}
	}
	t.senders[l].wipe()
	delete(t.senders, l)
}

// Code codes the tree, nodes and senders in order.
func (t *secretTree) Code(c *syntax.Codec) {
	c.Uint32(&t.leaves)
	if c.Reading() && c.Err() == nil && (t.leaves == 0 || t.leaves&(t.leaves-1) != 0 || t.leaves > 1<<30) {
		c.Fail("a secret tree over %d leaves", t.leaves)
	}
	codeSorted(c, &t.nodes, func(c *syntax.Codec, x *nodeIndex, s **secret.Bytes) {
		codeNodeIndex(c, x)
		codeSecret(c, s)
		if c.Err() == nil && uint32(*x) >= widthOf(t.leaves) {
			c.Fail("a node outside of the tree")
		}
	})
	codeSorted(c, &t.senders, func(c *syntax.Codec, l *LeafIndex, s **senderRatchets) {
		codeLeafIndex(c, l)
		if c.Reading() {
			*s = &senderRatchets{new(ratchet), new(ratchet)}
		}
		(*s).handshake.Code(c)
		(*s).application.Code(c)
		if c.Err() == nil && uint32(*l) >= t.leaves {
			c.Fail("a sender outside of the tree")
		}
	})
}

func codeNodeIndex(c *syntax.Codec, x *nodeIndex) {
	v := uint32(*x)
	c.Uint32(&v)
	*x = nodeIndex(v)
}

// codeSorted codes a map as a vector of its entries in the order of their keys, so
// that it has one encoding.
func codeSorted[K nodeIndex | LeafIndex, V any](c *syntax.Codec, m *map[K]V, each func(*syntax.Codec, *K, *V)) {
	type entry struct {
		k K
		v V
	}
	var list []entry
	if !c.Reading() {
		for _, k := range slices.Sorted(maps.Keys(*m)) {
			list = append(list, entry{k, (*m)[k]})
		}
	}
	syntax.Vector(c, &list, func(c *syntax.Codec, e *entry) { each(c, &e.k, &e.v) })
	if !c.Reading() || c.Err() != nil {
		return
	}
	*m = make(map[K]V, len(list))
	for i, e := range list {
		if i > 0 && list[i-1].k >= e.k {
			c.Fail("entries out of order")
			return
		}
		(*m)[e.k] = e.v
	}
}

// errTooFar says by how much a generation is too far.
func errTooFar(from, to uint32) error {
	return fmt.Errorf("%w: from %d to %d", ErrTooFar, from, to)
}
