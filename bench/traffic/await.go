package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/catalog"
)

// Await asks a server again and again until it shows every entity of the
// population and every relation, and returns how long that took. It gives up
// after some time with an error that says what is missing. A server that does not
// answer yet is asked again too.
func Await(ctx context.Context, t Target, p *population.Population, within time.Duration) (time.Duration, error) {
	want, err := expected(p)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	for {
		sent := time.Now()
		missing := asked(ctx, t, want)
		took := time.Since(start)
		switch {
		case missing == nil:
			return took, nil
		case took > within:
			return took, fmt.Errorf("the population is not visible after %s: %w", within, missing)
		}
		select {
		// To ask is work for the server: at most a tenth of its time.
		case <-time.After(max(250*time.Millisecond, 9*time.Since(sent))):
		case <-ctx.Done():
			return took, ctx.Err()
		}
	}
}

// expected counts the entities by kind and the relations by type, each under
// the name of its facet.
func expected(p *population.Population) (map[string]int, error) {
	known := make(map[string]bool, p.Len())
	for i := range p.Len() {
		known[p.Ref(i)] = true
	}
	want := map[string]int{}
	seen := map[[3]string]bool{}
	for i := range p.Len() {
		e, problems := catalog.FromObject(p.Entity(i))
		if len(problems) > 0 {
			return nil, fmt.Errorf("the population's entity %s is not valid: %v", p.Ref(i), problems)
		}
		want["kind="+e.Kind]++
		for _, edge := range catalog.Edges(e) {
			one := [3]string{edge.From.String(), edge.Type, edge.To.String()}
			if known[one[0]] && !seen[one] {
				seen[one] = true
				want["relations."+edge.Type]++
			}
		}
	}
	return want, nil
}

// asked returns what the server does not show of what is wanted, nil if nothing.
func asked(ctx context.Context, t Target, want map[string]int) error {
	query := url.Values{"facet": {"kind"}}
	for name := range want {
		if !strings.HasPrefix(name, "kind=") {
			query.Add("facet", name)
		}
	}
	conn, err := Dial(ctx, t)
	if err != nil {
		return err
	}
	defer conn.Close()
	a, err := conn.Do(ctx, Request{Path: catalogAPI + "/entity-facets?" + query.Encode()})
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return fmt.Errorf("the facets are answered with status %d", a.Status)
	}
	var answer struct {
		Facets map[string][]struct {
			Value string
			Count int
		}
	}
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		return fmt.Errorf("read the facets: %w", err)
	}
	got := map[string]int{}
	for facet, values := range answer.Facets {
		for _, v := range values {
			if facet == "kind" {
				got["kind="+v.Value] = v.Count
			} else {
				got[facet] += v.Count
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] < want[name] {
			return fmt.Errorf("%s: %d of %d", name, got[name], want[name])
		}
	}
	return nil
}
