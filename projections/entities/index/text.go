package index

import (
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
	text    string
	ends    [pageLen]uint32              // of each slot's text in text
	filters []uint64                     // trigrams of each block, one after the other
	starts  [pageLen/blockLen + 1]uint32 // of each block's trigrams in filters, and their end
}

// blockLen is how many slots' texts are looked through together, or not at all if
// the trigrams of what is looked for are not in them.
const blockLen = 16

// trigrams is a set that may hold more than was put in: a Bloom filter with one
// hash. Its bits are a power of two, about two for each byte of text.
type trigrams []uint64

// appendTrigrams appends the set of what stands in a text; that of a short one is empty.
func appendTrigrams(to []uint64, text string) []uint64 {
	if len(text) < 3 {
		return to
	}
	n := len(to)
	to = append(to, make([]uint64, 1<<bits.Len(uint(len(text)-1)/32))...) //nolint:gosec // a length
	set := to[n:]
	mask := uint32(len(set)*64 - 1) //nolint:gosec // a power of two
	for i := range len(text) - 2 {
		h := hash(text[i:]) & mask
		set[h/64] |= 1 << (h % 64)
	}
	return to
}

// hash is that of the first three bytes of a text.
func hash(text string) uint32 {
	return (uint32(text[0])<<16 | uint32(text[1])<<8 | uint32(text[2])) * 0x9E3779B1 >> 8
}

// mayHold reports whether a text whose trigrams these are can hold a part.
func (set trigrams) mayHold(part needle) bool {
	if len(part.hashes) == 0 {
		return true
	}
	if len(set) == 0 {
		return false
	}
	mask := uint32(len(set)*64 - 1) //nolint:gosec // a power of two
	for _, h := range part.hashes {
		if h &= mask; set[h/64]&(1<<(h%64)) == 0 {
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
	p.filters = nil
	for i := range pageLen / blockLen {
		from, to := p.block(i)
		p.filters = appendTrigrams(p.filters, p.text[from:to])
		p.starts[i+1] = uint32(len(p.filters)) //nolint:gosec // of a page
	}
	p.filters = slices.Clip(slices.Clone(p.filters))
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
	part := newNeedle(l.literal)
	var slots []uint32
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
		slots = p.find(part, l.pattern, uint32(n*pageLen), slots[:0]) //nolint:gosec // a slot
		found.AddMany(slots)
	}
}

// find appends the slots whose text matches; first is that of the page's first text.
func (p *textPage) find(part needle, pattern *regexp.Regexp, first uint32, slots []uint32) []uint32 {
	for k := range pageLen / blockLen {
		if !trigrams(p.filters[p.starts[k]:p.starts[k+1]]).mayHold(part) {
			continue
		}
		at, to := p.block(k)
		i := uint32(k * blockLen) //nolint:gosec // less than pageLen
		for at < to {
			next := part.in(p.text[at:to])
			if next < 0 {
				break
			}
			at += uint32(next) //nolint:gosec // within the page
			for p.ends[i] <= at {
				i++
			}
			if pattern == nil || pattern.MatchString(p.of(i)) {
				slots = append(slots, first+i)
			}
			at = p.ends[i] // one place in a text is enough
		}
	}
	return slots
}

// needle is a text that is looked for in many; an empty one is for nobody.
type needle struct {
	text   string
	hashes []uint32 // of its trigrams
	rare   int      // where its rarest byte stands
}

func newNeedle(text string) needle {
	n := needle{text: text}
	for i := range max(len(text)-2, 0) {
		n.hashes = append(n.hashes, hash(text[i:]))
	}
	// How frequent bytes are in names and in English, the most frequent first.
	const frequent = "e-atinorslcdpmugh fvbykw_./xjqz"
	rarest := -1
	for i := range len(text) {
		rank := strings.IndexByte(frequent, text[i])
		if rank < 0 {
			rank = len(frequent)
		}
		if rank > rarest {
			rarest, n.rare = rank, i
		}
	}
	return n
}

// in is where a text holds it first; negative is nowhere. It goes from one of the
// needle's rarest byte to the next: the search of package strings looks for the
// first byte, which in names is often the one with which every other word begins.
func (n needle) in(text string) int {
	for at := n.rare; at < len(text); at++ {
		next := strings.IndexByte(text[at:], n.text[n.rare])
		if next < 0 {
			break
		}
		at += next
		if strings.HasPrefix(text[at-n.rare:], n.text) {
			return at - n.rare
		}
	}
	return -1
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
