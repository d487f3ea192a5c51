package index

import (
	"slices"
	"sort"
)

// sorted is a map in the order of its keys. It never changes; [sorted.with] makes
// the next version, which shares with it the pages that stay as they are. The
// zero sorted is empty.
//
// A page is as large as what it holds, and what is built in one go fills all pages
// but the last. A tree with room for what may come would be half empty, which
// counts where each of hundreds of thousands of documents has a dozen keys.
type sorted[V any] struct {
	pages  []*sortedPage[V] // none is empty
	length int
}

type sortedPage[V any] struct {
	keys   []string
	values []V
}

// sortedLen is how many keys a page has at most.
const sortedLen = 256

// len is the number of keys.
func (s sorted[V]) len() int { return s.length }

// page returns the number of the page where a key is, if it is there.
func (s sorted[V]) page(key string) int {
	return max(0, sort.Search(len(s.pages), func(i int) bool { return s.pages[i].keys[0] > key })-1)
}

// get returns the value of a key.
func (s sorted[V]) get(key string) (value V, ok bool) {
	if len(s.pages) == 0 {
		return value, false
	}
	p := s.pages[s.page(key)]
	i, ok := slices.BinarySearch(p.keys, key)
	if ok {
		value = p.values[i]
	}
	return value, ok
}

// ascend calls f for the keys from one on, until it returns false.
func (s sorted[V]) ascend(from string, f func(key string, value V) bool) {
	if len(s.pages) == 0 {
		return
	}
	n := s.page(from)
	i, _ := slices.BinarySearch(s.pages[n].keys, from)
	for _, p := range s.pages[n:] {
		for ; i < len(p.keys); i++ {
			if !f(p.keys[i], p.values[i]) {
				return
			}
		}
		i = 0
	}
}

// descend calls f for the keys from one on downwards, until it returns false.
func (s sorted[V]) descend(from string, f func(key string, value V) bool) {
	if len(s.pages) == 0 {
		return
	}
	n := s.page(from)
	i, found := slices.BinarySearch(s.pages[n].keys, from)
	if !found {
		i--
	}
	s.down(n, i, f)
}

// scan calls f for all keys, until it returns false.
func (s sorted[V]) scan(f func(key string, value V) bool) { s.ascend("", f) }

// reverse calls f for all keys downwards, until it returns false.
func (s sorted[V]) reverse(f func(key string, value V) bool) {
	if n := len(s.pages) - 1; n >= 0 {
		s.down(n, len(s.pages[n].keys)-1, f)
	}
}

func (s sorted[V]) down(n, i int, f func(key string, value V) bool) {
	for {
		for p := s.pages[n]; i >= 0; i-- {
			if !f(p.keys[i], p.values[i]) {
				return
			}
		}
		if n--; n < 0 {
			return
		}
		i = len(s.pages[n].keys) - 1
	}
}

// with returns the version in which the values of n different keys have changed.
// Key returns the i-th of them; they grow. Change gets what is there and returns
// what is to be, or false for nothing. It is called in the order of keys.
func (s sorted[V]) with(n int, key func(i int) string, change func(i int, before V, known bool) (V, bool)) sorted[V] {
	next := sorted[V]{pages: make([]*sortedPage[V], 0, len(s.pages)+(n+sortedLen-1)/sortedLen), length: s.length}
	var merged sortedPage[V] // its memory is used for one page after the other
	stays := 0
	for i := 0; i < n; {
		p, from, more := &sortedPage[V]{}, i, false
		if len(s.pages) > 0 {
			at := s.page(key(i))
			next.pages = append(next.pages, s.pages[stays:at]...)
			stays = at + 1
			p, more = s.pages[at], stays < len(s.pages)
		}
		for i++; i < n && (!more || key(i) < s.pages[stays].keys[0]); i++ {
		}
		next.length += merged.merge(p, from, i, key, change)
		next.add(merged, !more && (len(p.keys) == 0 || p.keys[len(p.keys)-1] < key(from)))
	}
	next.pages = append(next.pages, s.pages[stays:]...)
	return next
}

// merge makes a page of another one and the changes from one to another, however
// long. It returns by how many keys it is longer.
func (m *sortedPage[V]) merge(p *sortedPage[V], from, to int, key func(i int) string, change func(i int, before V, known bool) (V, bool)) int {
	size := len(p.keys) + to - from
	m.keys, m.values = slices.Grow(m.keys[:0], size), slices.Grow(m.values[:0], size)
	at := 0
	for i := from; i < to; i++ {
		k := key(i)
		stay, known := slices.BinarySearch(p.keys[at:], k)
		m.keys, m.values = append(m.keys, p.keys[at:at+stay]...), append(m.values, p.values[at:at+stay]...)
		at += stay
		var before V
		if known {
			k, before = p.keys[at], p.values[at]
			at++
		}
		if value, there := change(i, before, known); there {
			m.keys, m.values = append(m.keys, k), append(m.values, value)
		}
	}
	m.keys, m.values = append(m.keys, p.keys[at:]...), append(m.values, p.values[at:]...)
	return len(m.keys) - len(p.keys)
}

// add appends a copy of what a page holds, in pages that are full or, unless keys
// are only ever added after the last one, of one size.
func (s *sorted[V]) add(p sortedPage[V], growing bool) {
	n := len(s.pages)
	if n > 0 && len(s.pages[n-1].keys)+len(p.keys) <= sortedLen/2 { // what many removals have left
		last := s.pages[n-1]
		s.pages[n-1] = &sortedPage[V]{slices.Concat(last.keys, p.keys), slices.Concat(last.values, p.values)}
		return
	}
	size := sortedLen
	if pages := (len(p.keys) + sortedLen - 1) / sortedLen; pages > 1 && !growing {
		size = (len(p.keys) + pages - 1) / pages
	}
	for from := 0; from < len(p.keys); from += size {
		to := min(from+size, len(p.keys))
		s.pages = append(s.pages, &sortedPage[V]{exactly(p.keys[from:to]), exactly(p.values[from:to])})
	}
}

// exactly returns a copy without room for more.
func exactly[T any](list []T) []T {
	c := make([]T, len(list))
	copy(c, list)
	return c
}

// append adds a key that is greater than all others, for the one who makes s. Left
// is how many are to come, this one included.
func (s *sorted[V]) append(key string, value V, left int) {
	n := len(s.pages)
	if n == 0 || len(s.pages[n-1].keys) == sortedLen {
		room := min(left, sortedLen)
		s.pages = append(s.pages, &sortedPage[V]{make([]string, 0, room), make([]V, 0, room)})
		n++
	}
	p := s.pages[n-1]
	p.keys, p.values = append(p.keys, key), append(p.values, value)
	s.length++
}
