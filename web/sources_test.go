package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// sources are those of a configuration.
func sources(all ...web.Source) func() []web.Source { return func() []web.Source { return all } }

func TestSources(t *testing.T) {
	got := acme(t).ok("/sources")
	want := []string{
		"github GitHub, organisation acme 3 failed all but 3, through 14:03:10 none not told 14:03:14, push 3",
		"gitlab GitLab, group acme Late complete through 13:30:28 32 min 42 s not told 13:30:28, push 0",
	}
	if diff := cmp.Diff(want, got.texts("table.sources tbody tr")); diff != "" {
		t.Error(diff)
	}
	got.wants(".strip.warn", "gitlab is 32 minutes 42 seconds late.", "1 delivery waits, the oldest since 13:30:28", "nothing is lost")
	got.wants(".strip.bad", "3 deliveries of github could not be used.")
	if to := got.follow(".strip.bad a", "See them"); to != "/sources/github/deliveries?status=failed" {
		t.Errorf("they are at %q", to)
	}
}

func TestSourceStates(t *testing.T) {
	handled := func(status event.DeliveryStatus) func(*portal) {
		return func(p *portal) {
			p.push(sample.Push{At: sample.Now.Add(-20 * time.Second), Repository: "acme/x", Only: event.DeliveryHandled{Status: status, Attempts: 1}})
		}
	}
	for _, tt := range []struct {
		name   string
		before func(*portal)
		want   string
	}{
		{"nothing came", func(*portal) {}, "Nothing yet"},
		{"all is handled", handled(event.DeliveryDone), "Complete"},
		{"one is being read", handled(event.DeliveryReceivedStatus), "Reading"},
		{"one failed", handled(event.DeliveryFailed), "1 failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := empty(t)
			tt.before(p)
			p.settle()
			badges := p.ok("/sources").texts("table.sources .badge")
			if diff := cmp.Diff([]string{tt.want, "Nothing yet"}, badges); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSourceThatIsNoLongerConfigured(t *testing.T) {
	p := acme(t, func(c *web.Config) { sample.Only(c, "github") })
	p.ok("/sources").wants("[aria-labelledby=h-gone]", "gitlab", "are kept", "the last of")
}

func TestNoSources(t *testing.T) {
	p := empty(t, func(c *web.Config) { sample.Only(c) })
	p.ok("/sources").wants("main", "No source is connected yet", "The first step is to connect a forge", "Connect the first source", "callboard.yaml", "Nothing has come to the webhook door yet.")
}

func TestDeliveries(t *testing.T) {
	got := acme(t).ok("/sources")
	rows := got.texts(".deliveries tbody tr")
	if len(rows) != 20 {
		t.Fatalf("%d rows, want 20", len(rows))
	}
	for i, want := range []string{
		"14:03:14 push acme/storefront Done", // and something changed: see below
		"13:52:39 push acme/payments-api Done 133 31",
		"13:45:00 push acme/storefront Not needed says nothing of entities 1",
		"13:41:18 push acme/pricing Failed 5 tries: the tree at 4e1ba02 is cut short by the forge 9 Replay",
	} {
		if !strings.HasPrefix(rows[i], want) {
			t.Errorf("row %d: %q, want %q", i, rows[i], want)
		}
	}
	got.wants(".deliveries", "Waits 40 s GitLab answered 429 – Replay")
	got.wants("[aria-labelledby=h-deliveries] .card-foot", "20 deliveries of 139")
}

func TestDeliveryFilters(t *testing.T) {
	p := acme(t)
	action, values := p.ok("/sources").submit("main form[action='/sources']", map[string]string{"status": "failed", "source": "github"})
	got := p.ok(action + "?" + values.Encode())
	if n := len(got.all(".deliveries tbody tr")); n != 3 {
		t.Errorf("%d failed of github, want 3", n)
	}
	if diff := cmp.Diff([]string{"Source github", "Status failed"}, got.texts(".chip")); diff != "" {
		t.Error(diff)
	}
	if drop := got.follow(".chip a", "Remove filter Status"); drop != "/sources?source=github" {
		t.Errorf("without the status: %q", drop)
	}
	p.ok("/sources?status=failed&source=gitlab").wants(".empty", "No deliveries here", "None that is kept matches.")
	if got := p.get("/sources?status=lost"); got.status != http.StatusBadRequest {
		t.Errorf("an unknown status: %d, want 400", got.status)
	}
	p.ok("/sources?delivery=github:none").wants(".empty", "Deliveries are kept for a limited time")
}

func TestDeliveriesInParts(t *testing.T) {
	p := acme(t)
	at, n := "/sources?source=gitlab", 0
	for at != "" {
		got := p.ok(at)
		n += len(got.all(".deliveries tbody tr"))
		at = ""
		for _, a := range got.all("[aria-labelledby=h-deliveries] .card-foot a") {
			if textOf(a) == "Older" {
				at = attr(a, "href")
			}
		}
	}
	if n != 17 {
		t.Errorf("%d deliveries of gitlab on all pages, want 17", n)
	}
}

func TestReplayOne(t *testing.T) {
	p := acme(t)
	at := "/sources?source=github&status=failed"
	got := p.ok(at)
	row := &page{t: t, url: got.url, node: got.all(".deliveries tbody tr")[1]}
	action, values := row.submit("form", nil)
	to := p.post(action, values)
	if to.status != http.StatusSeeOther || to.header.Get("Location") != at[:9]+"replayed=1&"+at[9:] {
		t.Errorf("%d to %q", to.status, to.header.Get("Location"))
	}
	if diff := cmp.Diff([]string{values.Get("delivery")}, p.world.Replayed); diff != "" || values.Get("delivery") == "" {
		t.Error(diff)
	}
	after := p.ok(to.header.Get("Location"))
	after.wants(".toast", "1 delivery is handled again.")
	if _, again := after.submit(".deliveries tbody tr:first-child form", nil); strings.Contains(again.Get("back"), "replayed") {
		t.Error("the next replay would say so twice")
	}
}

func TestReplayAllThatFailed(t *testing.T) {
	p := acme(t)
	got := p.ok("/sources")
	action, values := got.submit("[aria-labelledby=h-deliveries] .card-head form:first-child", nil)
	to := p.post(action, values)
	if to.header.Get("Location") != "/sources?replayed=3" || len(p.world.Replayed) != 3 {
		t.Errorf("to %q, %d replayed", to.header.Get("Location"), len(p.world.Replayed))
	}
	got.wants("[aria-labelledby=h-deliveries] .card-head", "Replay 3 failed")
	if fine := p.ok("/sources?source=gitlab").text(".card-head"); strings.Contains(fine, "failed") {
		t.Errorf("nothing of gitlab failed: %s", fine)
	}
}

func TestReplayOfWhatIsGone(t *testing.T) {
	p := acme(t)
	got := p.post("/sources/replay", url.Values{"delivery": {"github:none"}, "back": {"/sources"}})
	if got.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", got.status)
	}
	got.wants(".error-card", "There is no delivery")
	if got := p.get("/sources/replay"); got.status != http.StatusNotFound {
		t.Errorf("a replay by GET: %d; a link must not change anything", got.status)
	}
}

func TestRefusedDescriptorsOnSources(t *testing.T) {
	got := acme(t).ok("/sources")
	got.wants("[aria-labelledby=h-rejected]", "catalog-info.yaml:29:7 spec.providesApis[1] must be a string", "Payments API", "Since today 13:52", "kestrel-7", "133")
	if to := got.follow("[aria-labelledby=h-rejected] a", "Open the line"); !strings.HasSuffix(to, "/catalog-info.yaml#L29") {
		t.Errorf("the line is at %q", to)
	}
}

// A file that is good can name what is not there: the line is told, and how many more.
func TestAstrayOnSources(t *testing.T) {
	o := judged(t, readiness+`---
apiVersion: callboard.dev/v1alpha1
kind: Initiative
metadata: {name: gold, title: Gold for all}
spec:
  scorecard: production-readiness
  rules: [docs, gone, lost]
  target: 2999-01-01
`)
	o.ready()
	got := o.ok("/sources")
	got.wants("[aria-labelledby=h-astray]", "spec.rules[1]: the scorecard has no rule gone; write one of ", " (and 1 name more)", "Gold for all", "mossbank")
	place, line := got.text("[aria-labelledby=h-astray] .at-line"), got.follow("[aria-labelledby=h-astray] a", "Open the line")
	_, at, _ := strings.Cut(line, "#L")
	if !strings.HasPrefix(place, "0.yaml:"+at+":17 ") {
		t.Errorf("it is at %q, and the link leads to %q", place, line)
	}
	if len(acme(t).ok("/sources").all("[aria-labelledby=h-astray]")) > 0 {
		t.Error("something is astray where nothing is")
	}
}

func TestManyRefusedDescriptors(t *testing.T) {
	p := empty(t)
	for i := range 14 {
		p.push(sample.Push{At: sample.Now.Add(time.Duration(i) * time.Second), Repository: "acme/r" + string(rune('a'+i)), Text: "kind: ["})
	}
	p.settle()
	got := p.ok("/sources")
	if n := len(got.all("[aria-labelledby=h-rejected] li")); n != 10 {
		t.Errorf("%d are shown, want 10", n)
	}
	got.wants("[aria-labelledby=h-rejected] .card-foot", "4 more are in the audit.")
}

func TestWhereForgesSendTo(t *testing.T) {
	got := acme(t, func(c *web.Config) {
		c.Sources = sources(append(c.Sources(), web.Source{Name: "platform", Type: "git"}, web.Source{Name: "ci", Type: "cloudevents"})...)
	}).ok("/sources")
	want := []string{"https://callboard.acme.example/hooks/github", "https://callboard.acme.example/hooks/gitlab", "https://callboard.acme.example/hooks/ci"}
	if diff := cmp.Diff(want, got.texts("[aria-labelledby=h-doors] .copy code")); diff != "" {
		t.Error(diff)
	}
}
