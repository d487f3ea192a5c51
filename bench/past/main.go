// Command past measures how fast a portal tells of the past: over HTTP, at moments of
// a year that nobody has looked at, and at those again.
//
//	go run ./bench/generate -entities 100000 -changes 1000000 -data out/year
//	bin/callboard serve --data out/year --listen 127.0.0.1:18080
//	go run ./bench/past -url http://127.0.0.1:18080 -entities 100000
//
// Requests go one after the other. The first one at a moment is of each kind in turn.
// What is answered with 503 is asked for again, and takes as long as all of it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/bench/traffic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "past:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	base := flag.String("url", "http://127.0.0.1:8080", "the portal")
	entities := flag.Int("entities", 100_000, "how many entities it has")
	seed := flag.Uint64("seed", 1, "of the catalog")
	moments := flag.Int("moments", 40, "how many moments are looked at")
	again := flag.Int("again", 3, "how often each kind of request follows at each of them")
	diffs := flag.Int("diffs", 5, "how many times two moments are compared")
	chance := flag.Uint64("chance", uint64(time.Now().UnixNano()), "chooses the moments") //nolint:gosec // any number does
	flag.Parse()
	p, err := population.New(*entities, *seed)
	if err != nil {
		return err
	}
	target, err := traffic.NewTarget(*base, "")
	if err != nil {
		return err
	}
	conn, err := traffic.Dial(ctx, target)
	if err != nil {
		return err
	}
	defer conn.Close()
	m := &measurement{conn: conn, population: p, Rand: rand.New(rand.NewPCG(*chance, 0)), took: map[string][]time.Duration{}, busy: map[string]time.Duration{}}
	for i := range *moments {
		if err := m.look(ctx, i, *again); err != nil {
			return err
		}
	}
	for range *diffs {
		if err := m.compare(ctx); err != nil {
			return err
		}
	}
	m.tell()
	return nil
}

// measurement asks and notes how long each answer took.
type measurement struct {
	conn       *traffic.Conn
	population *population.Population
	*rand.Rand
	names []string // of what was measured, in the order in which it first was
	took  map[string][]time.Duration
	busy  map[string]time.Duration // of the portal's processors, meanwhile
}

// kind is a kind of request, as of a moment.
type kind struct {
	name string
	path func(at string) string
}

func (m *measurement) kinds() []kind {
	team := func() string {
		return "group:default/" + m.population.Name(m.population.Number(population.Group, m.IntN(m.population.Count(population.Group))))
	}
	return []kind{
		{"by name", func(at string) string {
			// One that is there all year.
			kind, rest, _ := strings.Cut(m.population.Ref(m.IntN(m.population.Len()*4/5)), ":")
			return "/api/catalog/entities/by-name/" + kind + "/" + rest + "?at=" + at
		}},
		{"filtered page of 50", func(at string) string {
			return "/api/catalog/entities/by-query?limit=50&orderField=metadata.name,asc&filter=" + url.QueryEscape("kind=component,spec.lifecycle=production,relations.ownedBy="+team()) + "&at=" + at
		}},
		{"facets", func(at string) string {
			return "/api/catalog/entity-facets?facet=spec.type&facet=spec.lifecycle&filter=kind%3Dcomponent&at=" + at
		}},
		{"portal page, a list", func(at string) string { return "/catalog?kind=component&at=" + at }},
	}
}

// moment is one of the year, as it stands in an address.
func (m *measurement) moment() time.Time {
	return story.Begin.Add(time.Duration(m.Float64() * float64(story.End.Sub(story.Begin)))).Truncate(time.Second)
}

func written(t time.Time) string { return url.QueryEscape(t.Format(time.RFC3339)) }

// look looks at a moment.
func (m *measurement) look(ctx context.Context, i, again int) error {
	at, kinds := written(m.moment()), m.kinds()
	first := kinds[i%len(kinds)]
	if err := m.ask(ctx, first.path(at), "first: "+first.name, "first: any"); err != nil {
		return err
	}
	for range again {
		for _, k := range kinds {
			if err := m.ask(ctx, k.path(at), "then: "+k.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare compares a moment with one a month later: two pages of the answer.
func (m *measurement) compare(ctx context.Context) error {
	from := m.moment().AddDate(0, -1, 0)
	if from.Before(story.Begin) {
		from = story.Begin
	}
	period := "from=" + written(from) + "&to=" + written(from.AddDate(0, 1, 0))
	for _, k := range []kind{
		{"what changed in a month, first", func(string) string { return "/api/history/diff?" + period }},
		{"what changed in a month, the same again, 500", func(string) string { return "/api/history/diff?limit=500&" + period }},
		{"what changed in a month, page", func(string) string { return "/changes?" + period + "&page=2" }},
	} {
		if err := m.ask(ctx, k.path(""), k.name); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) ask(ctx context.Context, path string, names ...string) error {
	before, err := m.processor(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	answer, err := m.conn.Do(ctx, traffic.Request{Path: path})
	for err == nil && answer.Status == http.StatusServiceUnavailable { // it is on its way
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		answer, err = m.conn.Do(ctx, traffic.Request{Path: path})
	}
	if err != nil {
		return err
	}
	took := time.Since(began)
	if answer.Status != http.StatusOK || len(answer.Body) == 0 {
		return errors.New(path + " answered " + fmt.Sprint(answer.Status) + ": " + string(answer.Body[:min(len(answer.Body), 500)]))
	}
	after, err := m.processor(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		m.busy[name] += after - before
		if m.took[name] == nil {
			m.names = append(m.names, name)
		}
		m.took[name] = append(m.took[name], took)
	}
	return nil
}

// processor is how long the portal has kept processors busy. Where others use them as
// well, it says more than the time that passes.
func (m *measurement) processor(ctx context.Context) (time.Duration, error) {
	answer, err := m.conn.Do(ctx, traffic.Request{Path: "/metrics"})
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(answer.Body), "\nprocess_cpu_seconds_total ")
	text, _, _ := strings.Cut(rest, "\n")
	seconds, err := strconv.ParseFloat(text, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (m *measurement) tell() {
	fmt.Println("| request | asked | p50 ms | p95 ms | p99 ms | at most ms | processor ms, mean |\n|---|--:|--:|--:|--:|--:|--:|")
	for _, name := range m.names {
		all := m.took[name]
		slices.Sort(all)
		ms := func(p float64) float64 { return traffic.Percentile(all, p).Seconds() * 1000 }
		fmt.Printf("| %s | %d | %.1f | %.1f | %.1f | %.1f | %.1f |\n", name, len(all), ms(50), ms(95), ms(99), ms(100), m.busy[name].Seconds()*1000/float64(len(all)))
	}
}
