package index

import (
	"iter"
	"math/bits"
	"regexp"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// column is one text of each document, in pages that are read from front to
// back: a processor searches memory that lies side by side at gigabytes a
// second, which no other structure comes near for a text that few documents
// have.
type column struct{ pages []*textPage }

// textPage holds the texts of pageLen slots, one after the other.
type textPage struct {
	text   string
	ends   [pageLen]uint32 // of each slot's text in text
	blocks [pageLen / blockLen]trigrams
}

// blockLen is how many slots' texts are looked through together, or not at all if
// the trigrams of what is looked for are not in them.
const blockLen = 16

// trigrams is a set that may hold more than was put in: a Bloom filter with one
// hash. Its bits are a power of two, about two for each byte of text.
type trigrams []uint64

func trigramsOf(text string) trigrams {
	if len(text) < 3 {
		return nil
	}
	set := make(trigrams, 1<<bits.Len(uint(len(text)-1)/32)) //nolint:gosec // a length
	for i := range len(text) - 2 {
		n := set.bit(text[i:])
		set[n/64] |= 1 << (n % 64)
	}
	return set
}

// bit is that of the first three bytes of a text.
func (set trigrams) bit(text string) uint32 {
	h := (uint32(text[0])<<16 | uint32(text[1])<<8 | uint32(text[2])) * 0x9E3779B1
	return h >> 8 & uint32(len(set)*64-1) //nolint:gosec // a power of two
}

// mayHold reports whether a text whose trigrams these are can hold a part.
func (set trigrams) mayHold(part string) bool {
	if len(part) < 3 {
		return true
	}
	if set == nil {
		return false
	}
	for i := range len(part) - 2 {
		if n := set.bit(part[i:]); set[n/64]&(1<<(n%64)) == 0 {
			return false
		}
	}
	return true
}

// block is where the texts of a block lie.
func (p *textPage) block(i int) (from, to uint32) {
	if i > 0 {
		from = p.ends[i*blockLen-1]
	}
	return from, max(from, p.ends[(i+1)*blockLen-1])
}

// note keeps the trigrams of each block.
func (p *textPage) note() {
	for i := range p.blocks {
		from, to := p.block(i)
		p.blocks[i] = trigramsOf(p.text[from:to])
	}
}

// between stands between two texts; no term that is looked for holds it.
const between = "\x00"

// with returns the column with the texts of some slots changed, which are sorted.
// A nil column is an empty one.
func (c *column) with(changed []slotText) *column {
	next := &column{}
	if c != nil {
		next.pages = slices.Clone(c.pages)
	}
	for len(changed) > 0 {
		n, page := 1, int(changed[0].slot/pageLen)
		for n < len(changed) && int(changed[n].slot/pageLen) == page {
			n++
		}
		for len(next.pages) <= page {
			next.pages = append(next.pages, &textPage{})
		}
		next.pages[page] = next.pages[page].with(changed[:n])
		changed = changed[n:]
	}
	return next
}

func (p *textPage) with(changed []slotText) *textPage {
	size := len(p.text)
	for _, c := range changed {
		size += len(c.text) + len(between)
	}
	next := &textPage{}
	b := make([]byte, 0, size)
	for i := range uint32(pageLen) {
		text := p.of(i)
		if len(changed) > 0 && changed[0].slot%pageLen == i {
			text = changed[0].text
			changed = changed[1:]
		}
		b = append(append(b, text...), between...)
		next.ends[i] = uint32(len(b)) //nolint:gosec // of a page
	}
	next.text = string(b)
	next.note()
	return next
}

// of returns the text of a slot within the page.
func (p *textPage) of(i uint32) string {
	if p.ends[i] == 0 {
		return "" // of a page that nothing was written to
	}
	return p.text[p.end(int(i)-1) : p.end(int(i))-len(between)]
}

// end is where the text of a slot ends, with what stands between it and the next.
func (p *textPage) end(i int) int {
	if i < 0 {
		return 0
	}
	return int(p.ends[i])
}

// find adds the slots whose text matches, those of a selection at least.
func (c *column) find(l like, among selection, found *roaring.Bitmap) {
	if c == nil {
		return
	}
	var chosen roaring.IntPeekable
	if among.bits != nil {
		chosen = among.bits.Iterator()
	}
	for n, p := range c.pages {
		if chosen != nil {
			chosen.AdvanceIfNeeded(uint32(n * pageLen)) //nolint:gosec // a slot
			if !chosen.HasNext() {
				return
			}
			if chosen.PeekNext() >= uint32((n+1)*pageLen) { //nolint:gosec // a slot
				continue
			}
		}
		for k, set := range p.blocks {
			if !set.mayHold(l.literal) {
				continue
			}
			from, to := p.block(k)
			i := uint32(k * blockLen) //nolint:gosec // less than pageLen
			for at := range occurrences(p.text[from:to], l.literal) {
				for p.ends[i] <= from+uint32(at) { //nolint:gosec // within the page
					i++
				}
				if l.pattern == nil || l.pattern.MatchString(p.of(i)) {
					found.Add(uint32(n*pageLen) + i) //nolint:gosec // a slot
				}
			}
		}
	}
}

// occurrences are the places at which a text holds another, in order.
func occurrences(text, part string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; from <= len(text); {
			at := strings.Index(text[from:], part)
			if at < 0 || !yield(from+at) {
				return
			}
			from += at + max(len(part), 1)
		}
	}
}

// like is a term of SQL's LIKE, with % before and after it.
type like struct {
	literal string         // the longest part without wildcards; a match holds it
	pattern *regexp.Regexp // nil: holding it is enough
}

func newLike(term string) like {
	term = strings.ToLower(term)
	if !strings.ContainsAny(term, "%_") {
		return like{literal: term}
	}
	var l like
	var pattern strings.Builder
	pattern.WriteString("(?s)")
	for len(term) > 0 {
		n := strings.IndexAny(term, "%_")
		if n < 0 {
			n = len(term)
		}
		if n > len(l.literal) {
			l.literal = term[:n]
		}
		pattern.WriteString(regexp.QuoteMeta(term[:n]))
		if n == len(term) {
			break
		}
		if term[n] == '_' {
			pattern.WriteString(".")
		} else {
			pattern.WriteString(".*")
		}
		term = term[n+1:]
	}
	l.pattern = regexp.MustCompile(pattern.String())
	return l
}

func (l like) matches(text string) bool {
	return strings.Contains(text, l.literal) && (l.pattern == nil || l.pattern.MatchString(text))
}
