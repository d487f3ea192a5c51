package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/web/ui"
)

// suggestUpTo bounds the catalogs in which a word is looked for that is close to
// what was asked: it means to read every name.
const suggestUpTo = 10_000

// suggestion is what to say where nothing matches.
type suggestion struct {
	asked string // what was searched for; "" when only filters were set

	word       string // a word of the catalog that is close to it; "" for none
	wordHere   string // address of it within the filters; "" if none match there
	wordAll    string // address of it without
	countHere  int
	countAll   int
	everywhere string // address of what was asked without the filters; "" if there are none or nothing matches
	everything string // address of the whole list
	filters    int    // that are set
}

// suggest looks for what may have been meant.
func suggest(c Catalog, size int, self link, q listQuery) *suggestion {
	here := self.drop(fieldPage)
	all := link{path: q.path}
	s := &suggestion{asked: q.Text, everything: all.String()}
	for _, f := range q.facets() {
		s.filters += len(*f.values(&q.Query))
	}
	if q.starred {
		s.filters++
	}
	if q.Text == "" {
		return s
	}
	count := func(q entities.Query) int {
		q.Offset, q.Limit = 0, 1
		return c.Find(q).Total
	}
	whole := entities.Query{Text: q.Text}
	if q.kind != "" {
		whole.Kinds = []string{q.kind}
	}
	if q.narrowed() && count(whole) > 0 {
		s.everywhere = all.set(fieldText, q.Text).String()
		return s
	}
	s.word = closest(c, size, strings.ToLower(q.Text))
	if s.word == "" {
		return s
	}
	whole.Text = s.word
	if s.countAll = count(whole); s.countAll == 0 {
		s.word = "" // it is of another kind
		return s
	}
	s.wordAll = all.set(fieldText, s.word).String()
	within := q.Query
	within.Text = s.word
	if s.countHere = count(within); s.countHere > 0 {
		s.wordHere = here.set(fieldText, s.word).String()
	}
	return s
}

func (s *suggestion) title() string {
	if s.asked == "" {
		return "Nothing matches these filters"
	}
	return "Nothing here is called “" + ui.Shorten(s.asked, 60) + "”"
}

// closest returns the word of a name in a catalog of some size that is the
// fewest slips away from text: at most two, and one in a short word. It returns "" if none is.
func closest(c Catalog, size int, text string) string {
	length := utf8.RuneCountInString(text)
	if length < 3 || length > 60 || size > suggestUpTo {
		return ""
	}
	best, word := 2, ""
	if length < 5 {
		best = 1
	}
	seen := map[string]bool{}
	try := func(candidate string) {
		if seen[candidate] {
			return
		}
		seen[candidate] = true
		if d := search.Slips(text, candidate, best); d < best || d == best && (word == "" || candidate < word) {
			best, word = d, candidate
		}
	}
	for _, counts := range c.Facets(nil, "metadata.name", "metadata.title") {
		for _, n := range counts {
			name := strings.ToLower(n.Value)
			try(name)
			for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				try(part)
			}
		}
	}
	return word
}
