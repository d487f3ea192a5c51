package index_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/projections/entities/index"
)

// refKey is what refs begin with.
const refKey = "begins"

// doc is a document of few words.
type doc struct {
	id     uint64
	ref    string
	values map[string][]string // by key; an empty list is a key without value
	text   string
}

func (d doc) ID() uint64  { return d.id }
func (d doc) Ref() string { return d.ref }

func (d doc) Terms() []index.Term {
	var terms []index.Term
	for key, values := range d.values {
		if len(values) == 0 {
			terms = append(terms, index.Term{Key: key, Silent: true})
		}
		for _, v := range values {
			terms = append(terms, index.Term{Key: key, Value: strings.ToLower(v), Written: v})
		}
	}
	terms = append(terms, index.Plain(refKey, d.ref[:strings.IndexByte(d.ref, ':')]))
	if d.text != "" {
		terms = append(terms, index.Term{Key: "text", Value: strings.ToLower(d.text), Text: true})
	}
	return terms
}

// has tells whether the document has a value of a key for which f holds.
func (d doc) has(key string, f func(lower string) bool) bool {
	return slices.ContainsFunc(d.values[key], func(v string) bool { return f(strings.ToLower(v)) })
}

// plain says for each Where what it means, in the shortest way.
func plain(w index.Where, d doc) bool {
	switch w := w.(type) {
	case index.All:
		return !slices.ContainsFunc(w, func(w index.Where) bool { return !plain(w, d) })
	case index.Any:
		return slices.ContainsFunc(w, func(w index.Where) bool { return plain(w, d) })
	case index.Not:
		return !plain(w.Where, d)
	case index.Exists:
		_, ok := d.values[strings.ToLower(w.Key)]
		return ok
	case index.Equals:
		return d.has(strings.ToLower(w.Key), func(v string) bool {
			return slices.ContainsFunc(w.Values, func(wanted string) bool { return strings.ToLower(wanted) == v })
		})
	case index.Prefix:
		return d.has(w.Key, func(v string) bool { return strings.HasPrefix(v, strings.ToLower(w.Prefix)) })
	case index.Contains:
		return slices.ContainsFunc(w.Keys, func(key string) bool {
			within := func(v string) bool { return strings.Contains(v, strings.ToLower(w.Text)) }
			return key == "text" && w.Text != "" && within(strings.ToLower(d.text)) || d.has(key, within)
		})
	case index.In:
		return slices.Contains(w, d.ref)
	}
	return true
}

var (
	keys  = []string{"kind", "name", "tags", "owner"}
	words = []string{"a", "b", "B", "ab", "Ab", "ba", "c_d", "", "é", "É", "Payments-API", "payments", "ments-a"}
)

func drawDoc(t *rapid.T, id uint64, ref string) doc {
	d := doc{id: id, ref: ref, values: map[string][]string{}, text: rapid.SampledFrom(words).Draw(t, "text")}
	for _, key := range keys {
		if rapid.Bool().Draw(t, "has "+key) {
			d.values[key] = rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, key)
		}
	}
	if rapid.Bool().Draw(t, "single name") {
		d.values["name"] = []string{ref}
	}
	return d
}

func drawWhere(t *rapid.T, depth int) index.Where {
	key, word := rapid.SampledFrom(keys), rapid.SampledFrom(words)
	switch rapid.IntRange(0, 8+depth).Draw(t, "where") {
	case 0:
		return nil
	case 1:
		return index.Exists{Key: key.Draw(t, "key")}
	case 2, 3:
		return index.Equals{Key: key.Draw(t, "key"), Values: rapid.SliceOfN(word, 0, 3).Draw(t, "values")}
	case 4:
		return index.Prefix{Key: key.Draw(t, "key"), Prefix: word.Draw(t, "prefix")}
	case 5, 6:
		return index.Contains{Keys: rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(keys), "text")), 1, 2).Draw(t, "keys"), Text: word.Draw(t, "text")}
	case 7, 8:
		return index.In(rapid.SliceOfN(rapid.SampledFrom([]string{"r1", "r2", "r3", "nobody"}), 0, 3).Draw(t, "refs"))
	case 9:
		return index.Not{Where: drawWhere(t, 0)}
	}
	parts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) index.Where { return drawWhere(t, depth-1) }), 0, 3).Draw(t, "parts")
	if rapid.Bool().Draw(t, "all") {
		return index.All(parts)
	}
	return index.Any(parts)
}

// row is what the plain form of a list has of a row.
type row struct {
	Value string
	Ref   string
	ID    uint64
}

// plainList sorts everything and cuts the page out.
func plainList(docs map[string]doc, l index.Listing) ([]row, int) {
	var rows []row
	total := 0
	for _, d := range docs {
		if !plain(l.Where, d) {
			continue
		}
		if len(l.Order.Fields) == 0 {
			total++
			rows = append(rows, row{"", d.ref, d.id})
			continue
		}
		values := d.values[l.Order.Fields[0].Key]
		if len(values) > 0 {
			total++
		}
		seen := map[string]bool{}
		for _, v := range values {
			if v = strings.ToLower(v); !seen[v] && strings.Contains(v, l.Holding) {
				seen[v] = true
				rows = append(rows, row{v, d.ref, d.id})
			}
		}
	}
	descending := len(l.Order.Fields) > 0 && l.Order.Fields[0].Descending
	compare := func(a row, value string, id uint64) int {
		by := cmp.Or(strings.Compare(a.Value, value), cmp.Compare(a.ID, id))
		if descending {
			return -by
		}
		return by
	}
	slices.SortFunc(rows, func(a, b row) int { return compare(a, b.Value, b.ID) })
	if l.From != nil {
		rows = slices.DeleteFunc(rows, func(r row) bool {
			if l.Back {
				return compare(r, l.From.Value, l.From.ID) >= 0
			}
			return compare(r, l.From.Value, l.From.ID) <= 0
		})
	}
	from, to := min(l.Offset, len(rows)), len(rows)
	if l.Limit >= 0 {
		to = min(to, from+l.Limit)
	}
	if l.Back {
		from, to = len(rows)-to, len(rows)-from
	}
	return rows[from:to], total
}

// Whatever is put, changed and deleted, in whatever batches, every question is
// answered as by looking at each document; and an index that has a successor
// answers as before.
func TestAnswersAsByLookingAtEachDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix, docs, next := index.New(), map[string]doc{}, uint64(1)
		type version struct {
			*index.Index
			docs map[string]doc
		}
		var older []version
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			b := ix.Batch()
			for range rapid.IntRange(0, 40).Draw(t, "changes") {
				n := rapid.IntRange(0, 60).Draw(t, "ref")
				ref := fmt.Sprintf("%s:r%d", []string{"a", "a2", "b"}[n%3], n)
				before, known := docs[ref]
				switch {
				case known && rapid.IntRange(0, 3).Draw(t, "delete") == 0:
					b.Delete(ref)
					delete(docs, ref)
				case known && rapid.Bool().Draw(t, "same"):
					docs[ref] = drawDoc(t, before.id, ref)
					b.Put(docs[ref])
				default:
					docs[ref] = drawDoc(t, next, ref)
					b.Put(docs[ref])
					next++
				}
			}
			copied := map[string]doc{}
			for ref, d := range docs {
				copied[ref] = d
			}
			ix = b.Index()
			if rapid.IntRange(0, 3).Draw(t, "saved") == 0 {
				ix = reread(t, ix.Compact())
			}
			older = append(older, version{ix, copied})
		}
		v := rapid.SampledFrom(older).Draw(t, "version")
		w := drawWhere(t, 2)
		checkSelection(t, v.Index, v.docs, w)
		checkFacets(t, v.Index, v.docs, w)
		checkList(t, v.Index, v.docs, w)
	})
}

func checkSelection(t *rapid.T, ix *index.Index, docs map[string]doc, w index.Where) {
	var want []string
	for ref, d := range docs {
		if plain(w, d) {
			want = append(want, ref)
		}
	}
	slices.Sort(want)
	var got []string
	order := index.Order{ByRef: true, RefKey: rapid.SampledFrom([]string{"", refKey}).Draw(t, "ref key")}
	for _, r := range ix.List(index.Listing{Where: w, Order: order, Limit: -1}).Rows {
		got = append(got, r.Doc.Ref())
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatalf("%#v selects (-want +got):\n%s", w, d)
	}
	if n := ix.Count(w); n != len(want) || ix.Len() != len(docs) {
		t.Fatalf("%#v: counted %d of %d, want %d of %d", w, n, ix.Len(), len(want), len(docs))
	}
}

func checkFacets(t *rapid.T, ix *index.Index, docs map[string]doc, w index.Where) {
	for i, counts := range ix.Facets(w, keys...) {
		want := map[string]int{}
		for _, d := range docs {
			if plain(w, d) {
				for _, v := range slices.Compact(slices.Sorted(slices.Values(d.values[keys[i]]))) {
					want[v]++
				}
			}
		}
		got := map[string]int{}
		for _, c := range counts {
			got[c.Value] = c.Count
		}
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatalf("facet %s of %#v (-want +got):\n%s", keys[i], w, d)
		}
		if !slices.IsSortedFunc(counts, func(a, b index.Count) int { return strings.Compare(a.Value, b.Value) }) {
			t.Fatalf("facet %s is not sorted: %v", keys[i], counts)
		}
	}
}

func checkList(t *rapid.T, ix *index.Index, docs map[string]doc, w index.Where) {
	l := index.Listing{
		Where: w, Back: rapid.Bool().Draw(t, "back"), Count: true,
		Offset: rapid.IntRange(0, 5).Draw(t, "offset"), Limit: rapid.IntRange(-1, 7).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "ordered") {
		l.Order.Repeat = true
		l.Holding = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "holding")
		l.Order.Fields = []index.Field{{Key: rapid.SampledFrom(keys).Draw(t, "order"), Descending: rapid.Bool().Draw(t, "descending")}}
	}
	if rapid.Bool().Draw(t, "from") {
		l.From = &index.Mark{ID: rapid.Uint64Range(0, 70).Draw(t, "from id")}
		if len(l.Order.Fields) > 0 {
			l.From.Value = strings.ToLower(rapid.SampledFrom(words).Draw(t, "from value"))
		}
	}
	want, total := plainList(docs, l)
	found := ix.List(l)
	got := make([]row, 0, len(want))
	for _, r := range found.Rows {
		got = append(got, row{r.Mark.Value, r.Doc.Ref(), r.Mark.ID})
	}
	if l.Limit == 0 {
		want = nil
	}
	if d := gocmp.Diff(append([]row{}, want...), got); d != "" {
		t.Fatalf("%#v (-want +got):\n%s", l, d)
	}
	if found.Total != total {
		t.Fatalf("%#v: total %d, want %d", l, found.Total, total)
	}
}

// An order by several fields, by ref in the end, keeps the documents that lack a
// field behind those that have it, whatever is selected.
func TestListKeepsThoseThatLackTheField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, docs := index.New().Batch(), map[string]doc{}
		for i := range rapid.IntRange(0, 30).Draw(t, "documents") {
			ref := fmt.Sprintf("a:r%02d", rapid.IntRange(0, 40).Draw(t, "ref"))
			docs[ref] = drawDoc(t, uint64(i+1), ref)
			b.Put(docs[ref])
		}
		w := drawWhere(t, 1)
		fields := []index.Field{{Key: "kind", Descending: rapid.Bool().Draw(t, "descending")}, {Key: "owner"}}
		var want []string
		for ref, d := range docs {
			if plain(w, d) {
				want = append(want, ref)
			}
		}
		// The value that comes first decides where a document with several is.
		first := func(d doc, f index.Field) (string, bool) {
			values := []string{}
			for _, v := range d.values[f.Key] {
				values = append(values, strings.ToLower(v))
			}
			if len(values) == 0 {
				return "", false
			}
			if f.Descending {
				return slices.Max(values), true
			}
			return slices.Min(values), true
		}
		slices.SortFunc(want, func(a, b string) int {
			for _, f := range fields {
				va, hasA := first(docs[a], f)
				vb, hasB := first(docs[b], f)
				switch {
				case hasA && !hasB:
					return -1
				case hasB && !hasA:
					return 1
				case va != vb && f.Descending:
					return strings.Compare(vb, va)
				case va != vb:
					return strings.Compare(va, vb)
				}
			}
			return strings.Compare(a, b)
		})
		var got []string
		for _, r := range b.Index().List(index.Listing{Where: w, Order: index.Order{Fields: fields, Lacking: true, ByRef: true}, Limit: -1}).Rows {
			got = append(got, r.Doc.Ref())
		}
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatalf("-want +got:\n%s", d)
		}
	})
}
