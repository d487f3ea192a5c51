package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/callboard/callboard/internal/demoforge"
)

// handled waits until every delivery that was answered is handled, and every
// read model has seen what that led to.
func (s *story) handled(ts *testscript.TestScript, _ []string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(storyWait)
	for {
		// In this order: what is pending is known once that read model has no lag.
		behind := s.lag(ts)
		var answer struct{ Items []struct{ Pending int } }
		s.getJSON(ts, "/api/sources", &answer)
		pending := 0
		for _, i := range answer.Items {
			pending += i.Pending
		}
		if behind == 0 && pending == 0 && s.lag(ts) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%d deliveries are still not handled", pending)
		}
	}
}

// lag is how many events the read models have yet to see, together.
func (s *story) lag(ts *testscript.TestScript) int {
	var ready struct{ Projections []struct{ Lag int } }
	s.getJSON(ts, "/readyz", &ready)
	sum := 0
	for _, p := range ready.Projections {
		sum += p.Lag
	}
	return sum
}

func (s *story) getJSON(ts *testscript.TestScript, path string, into any) {
	resp, err := http.Get(ts.Getenv("URL") + path)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("GET %s answered %d: %s", path, resp.StatusCode, b)
	}
	ts.Check(json.Unmarshal(b, into))
}

// burst makes N pushes to a repository, each with another owner, sends their
// deliveries all at once, and kills the portal after a third of them was answered.
func (s *story) burst(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "burst REPO N")
	r := s.repository(ts, "github", args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	all := make([]demoforge.Delivery, n)
	for i := range all {
		s.clock = s.clock.Add(time.Minute)
		all[i], err = r.Push("main", demoforge.Change{
			Author: demoforge.Person{Name: "Saltmarsh", Email: "saltmarsh@acme.example", Login: "saltmarsh"}, Time: s.clock,
			Message: fmt.Sprint("Owner ", i), Files: map[string]string{"catalog-info.yaml": burstDescriptor(i)},
		})
		ts.Check(err)
	}
	s.head = r.Head("main")
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		kill sync.Once
	)
	url := ts.Getenv("URL") + "/hooks/github"
	for _, d := range all {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r, err := d.Request(context.Background(), url)
			if err != nil {
				return
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return // the portal is gone: nothing was promised
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				return
			}
			mu.Lock()
			s.acked = append(s.acked, "github:"+d.ID)
			enough := len(s.acked) >= n/3
			mu.Unlock()
			if enough {
				kill.Do(func() { s.portal.Process.Kill() })
			}
		}()
	}
	wg.Wait()
	<-s.exited
	s.portal = nil
	ts.Logf("%d of %d deliveries were answered before the portal was killed", len(s.acked), n)
}

func burstDescriptor(i int) string {
	return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: burst}\nspec: {type: service, lifecycle: production, owner: team-%03d}\n", i)
}

// survived checks what a burst and a crash must leave: every delivery that was
// answered is there once and done, no event was appended twice, and the catalog
// is what the head says.
func (s *story) survived(ts *testscript.TestScript, _ []string) {
	if len(s.acked) == 0 {
		ts.Fatalf("no delivery was answered, so that nothing is shown")
	}
	status := map[string][]string{}
	cursor := ""
	for {
		var page struct {
			Items []struct {
				ID     string
				Status string
			}
			NextCursor string
		}
		s.getJSON(ts, "/api/deliveries?limit=500&after="+cursor, &page)
		for _, d := range page.Items {
			status[d.ID] = append(status[d.ID], d.Status)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	for _, id := range s.acked {
		if got := status[id]; len(got) != 1 || got[0] != "done" {
			ts.Fatalf("delivery %s was answered with 202, and now it is %v", id, got)
		}
	}
	var events struct {
		Items []struct {
			Position int
			ID       string
			Type     string
			Cause    struct{ Commit string }
		}
	}
	s.getJSON(ts, "/api/history/events?entity=component:default/burst&limit=500&order=asc", &events)
	commits, ids := map[string]bool{}, map[string]bool{}
	for i, e := range events.Items {
		if ids[e.ID] || commits[e.Cause.Commit] {
			ts.Fatalf("event %d (%s of commit %s) is there twice", e.Position, e.Type, e.Cause.Commit)
		}
		ids[e.ID], commits[e.Cause.Commit] = true, true
		if want := "entity.changed.v1"; i > 0 && e.Type != want {
			ts.Fatalf("event %d is %s, not %s", e.Position, e.Type, want)
		}
	}
	if last := events.Items[len(events.Items)-1]; last.Cause.Commit != s.head {
		ts.Fatalf("the newest event is of commit %s, the head is %s", last.Cause.Commit, s.head)
	}
	ts.Logf("%d deliveries led to %d events", len(status), len(events.Items))
}
