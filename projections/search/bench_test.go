package search_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/techdocs"
)

// The size of the organisation that the benchmark makes up.
const (
	benchEntities = 100_000
	benchSites    = 1000
	benchPages    = 20 // of each
)

// BenchmarkSearch folds 100,000 entities and 20,000 pages, and asks for what people ask for.
func BenchmarkSearch(b *testing.B) {
	made := &organisation{random: rand.New(rand.NewPCG(1, 2)), files: map[string]string{}}
	records := made.records(b)
	path := filepath.Join(b.TempDir(), "search.db")
	s, err := search.Open(b.Context(), path, made, catalog.BuiltIn())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	began := time.Now()
	for batch := range slices.Chunk(records, 5000) {
		if err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	folded := time.Since(began)
	if err := s.Close(); err != nil { // what is in the WAL goes into the file
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	if s, err = search.Open(b.Context(), path, made, catalog.BuiltIn()); err != nil {
		b.Fatal(err)
	}
	b.Run("fold", func(b *testing.B) { // once, above
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(folded.Seconds(), "s")
		b.ReportMetric(float64(len(records))/folded.Seconds(), "events/s")
		b.ReportMetric(float64(info.Size())/1e6, "MB")
	})
	b.Run("change", func(b *testing.B) { // of one entity
		n := len(records)
		for b.Loop() {
			n++
			if err := s.Apply(b.Context(), []eventlog.Record{made.change(b, n)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, ask := range []struct {
		name  string
		query func() search.Query
	}{
		{"name", func() search.Query { return search.Query{Text: made.name(made.random.IntN(benchEntities))} }},
		{"prefix", func() search.Query { return search.Query{Text: made.name(made.random.IntN(benchEntities))[:5]} }},
		{"two letters", func() search.Query { return search.Query{Text: made.name(made.random.IntN(benchEntities))[:2]} }},
		{"two words of a body", func() search.Query { return search.Query{Text: made.word(400) + " " + made.word(400)} }},
		{"a common word", func() search.Query { return search.Query{Text: "service"} }},
		{"a slip", func() search.Query {
			name := []byte(strings.ReplaceAll(made.name(made.random.IntN(benchEntities)), "-", " "))
			name[2], name[3] = name[3], name[2]
			return search.Query{Text: string(name)}
		}},
		{"filtered", func() search.Query {
			return search.Query{Text: made.word(400), Kinds: []string{"component"}, Owners: []string{fmt.Sprintf("group:default/team-%d", made.random.IntN(200))}}
		}},
		{"as of a moment", func() search.Query {
			q := search.Query{Text: made.word(400)}
			q.At = records[len(records)/2].Time
			return q
		}},
	} {
		b.Run(ask.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				q := ask.query()
				q.Limit = 20
				began := time.Now()
				if _, err := s.Find(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
		})
	}
}

// organisation makes up entities and pages.
type organisation struct {
	random *rand.Rand
	files  map[string]string // by blob
}

// word is one of so many, those with small numbers more often.
func (o *organisation) word(of int) string {
	n := int(float64(of) * o.random.Float64() * o.random.Float64())
	syllables := []string{"ka", "lo", "mi", "ter", "ven", "sol", "pra", "du", "ne", "rin", "gos", "tal", "be", "quo", "shi", "far"}
	return syllables[n%16] + syllables[n/16%16] + syllables[(n*7+n/256)%16]
}

func (o *organisation) prose(words int) string {
	all := make([]string, words)
	for i := range all {
		all[i] = o.word(4000)
	}
	all[0] = "service"
	return strings.Join(all, " ")
}

func (o *organisation) name(i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	other := organisation{random: r}
	return fmt.Sprintf("%s-%s-%d", other.word(4000), other.word(400), i%1000)
}

func (o *organisation) component(i int) event.Declaration {
	d := projectiontest.Component(o.name(i)+fmt.Sprint("-", i/1000), fmt.Sprintf("team-%d", i%200))
	d.Entity.Metadata.Description = o.prose(12)
	d.Entity.Metadata.Tags = []string{o.word(400), o.word(400)}
	d.Entity.Metadata.Annotations = map[string]string{"github.com/project-slug": "acme/" + o.name(i)}
	return d
}

func (o *organisation) records(b *testing.B) []eventlog.Record {
	b.Helper()
	story := projectiontest.NewStory(b)
	for i := range benchEntities {
		d := o.component(i)
		story.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
	}
	for i := range benchSites {
		declared := o.component(i)
		ref := declared.Entity.Ref().String()
		d := event.DocsPublished{Entity: ref, Site: o.name(i)}
		for n := range benchPages {
			var text strings.Builder
			fmt.Fprintf(&text, "# %s\n\n%s\n", o.prose(3), o.prose(60))
			for range 5 {
				fmt.Fprintf(&text, "\n## %s\n\n%s\n", o.prose(3), o.prose(80))
			}
			sum := sha1.Sum([]byte(text.String()))
			blob := hex.EncodeToString(sum[:])
			o.files[blob] = text.String()
			name := fmt.Sprintf("page-%d.md", n)
			d.Pages = append(d.Pages, event.DocsPage{Path: name, Title: name, Source: "docs/" + name, Blob: blob})
		}
		story.Add(ref, d)
	}
	return story.Records()
}

func (o *organisation) change(b *testing.B, n int) eventlog.Record {
	b.Helper()
	d := o.component(o.random.IntN(benchEntities))
	r := projectiontest.NewStory(b).Add(d.Entity.Ref().String(), event.EntityChanged{Declaration: d}).Records()[0]
	r.Position = eventlog.Position(n)
	return r
}

// Published implements [search.Contents].
func (o *organisation) Published(ctx context.Context, p event.DocsPublished) (*techdocs.Site, error) {
	files, blobs := make([]techdocs.File, 0, len(p.Pages)), map[string]string{}
	for _, page := range p.Pages {
		files, blobs[page.Source] = append(files, techdocs.File{Path: page.Source, Blob: page.Blob}), page.Blob
	}
	return techdocs.Read(ctx, techdocs.Tree{Files: files, Read: func(_ context.Context, path string) ([]byte, error) {
		return []byte(o.files[blobs[path]]), nil
	}}, techdocs.Options{Name: p.Site})
}
