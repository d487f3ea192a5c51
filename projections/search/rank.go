package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// weights are what a word counts for in the name, the title, what a document is about, its
// body, and what stands aside: arguments of bm25.
const weights = "10.0, 8.0, 3.0, 1.0, 0.5"

// How well a document's name fits what was typed, the best first.
const (
	fitsWhole  = iota // it is the name of an entity, or its title
	fitsBegins        // that begins so, or is that of something else
	fitsNamed         // every word is in name or title
	fitsBody
)

// identity tells documents apart in every copy of the rows, where their ids differ.
type identity struct {
	typ, ref, place string
	position        int64 // of the event that began it
}

// candidate is a document that holds what is looked for.
type candidate struct {
	identity
	kind, owner    string
	called, titled string
	changed        int64
	score          float64 // bm25: the less, the better
	referred       int     // how many entities refer to it, if it is one
	fit            int
	whole          bool // its name or title is what was typed
}

// fits finds out how well a candidate's name fits what was typed.
func (c *candidate) fits(key string, terms []term) {
	joined := strings.ReplaceAll(c.called, " ", "")
	c.whole = key != "" && (c.called == key || c.titled == key || joined == key)
	switch {
	case c.whole && c.typ == Entities:
		c.fit = fitsWhole
	case key != "" && (strings.HasPrefix(c.called, key) || strings.HasPrefix(c.titled, key) || strings.HasPrefix(joined, key)):
		c.fit = fitsBegins
	case in(c.called+" "+c.titled+" "+joined, terms):
		c.fit = fitsNamed
	default:
		c.fit = fitsBody
	}
}

// better orders candidates: first by how the name fits. Among names that fit by
// themselves, what people look for most is first, and what many refer to; among the
// others, what holds the words more often, and in fewer of them.
func better(a, b candidate) int {
	order := cmp.Compare(a.fit, b.fit)
	if order == 0 && a.fit <= fitsBegins {
		order = cmp.Or(cmp.Compare(a.rarity(), b.rarity()), first(a.whole, b.whole), -cmp.Compare(a.referred, b.referred), cmp.Compare(len(a.called), len(b.called)))
	}
	return cmp.Or(order, cmp.Compare(a.weight(), b.weight()), cmp.Compare(a.called, b.called), cmp.Compare(a.ref, b.ref), cmp.Compare(a.place, b.place), cmp.Compare(a.position, b.position))
}

// first orders what is so before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// newer orders candidates by their last change, the newest first.
func newer(a, b candidate) int {
	return cmp.Or(-cmp.Compare(a.changed, b.changed), better(a, b))
}

// weight is the score, better by a tenth each time that twice as many refer to it.
func (c candidate) weight() float64 {
	return c.score * (1 + 0.1*math.Log2(1+float64(c.referred)))
}

// rarity is how seldom people look for such a document.
func (c candidate) rarity() int {
	sought := []string{"component", "api", "system", "group", "user", "resource", "domain", "template", "scorecard"}
	if c.typ != Entities {
		return len(sought) + 1 + slices.Index(Types(), c.typ)
	}
	if i := slices.Index(sought, c.kind); i >= 0 {
		return i
	}
	return len(sought)
}
