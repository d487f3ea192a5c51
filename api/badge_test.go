package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A README shows a badge whatever it has to say: it is a picture of words that tell what is
// the matter, and no answer that a forge's proxy takes for none.
func TestBadges(t *testing.T) {
	o := newOffice(t)
	initiative := func(name, more string) {
		o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Initiative
metadata: {name: `+name+`, title: Silver & more}
spec: {scorecard: readiness, level: Silver, `+more+`}
`)
	}
	initiative("open", "target: 2026-06-30")
	initiative("late", "target: 2026-03-01")
	initiative("later", "start: 2026-05-01, target: 2026-06-30")
	initiative("tried", "draft: true, target: 2026-06-30")
	initiative("ended", "closed: 2026-03-02, target: 2026-06-30")
	initiative("nobody", `target: 2026-06-30, filter: 'entity.spec.type == "website"'`)
	initiative("astray", "target: 2026-06-30")
	o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Initiative
metadata: {name: astray, title: Silver & more}
spec: {scorecard: none, level: Silver, target: 2026-06-30}
`)
	for path, want := range map[string]string{
		"/api/scorecards/readiness/badge/component/default/payments.svg":         "Readiness: Bronze",
		"/api/scorecards/default:readiness/badge/Component/default/payments.svg": "Readiness: Bronze",
		"/api/scorecards/readiness/badge/component/default/ledger.svg":           "Readiness: not judged",
		"/api/scorecards/readiness/badge/component/default/nobody.svg":           "Readiness: no such entity",
		"/api/scorecards/none/badge/component/default/payments.svg":              "none: no such card",
		"/api/scorecards/%3Cb%3E/badge/component/default/payments.svg":           "&lt;b&gt;: no such card",
		"/api/initiatives/open/badge.svg":                                        "Silver &amp; more: 0 of 1 · due 2026-06-30",
		"/api/initiatives/late/badge.svg":                                        "Silver &amp; more: 0 of 1 · missed",
		"/api/initiatives/later/badge.svg":                                       "Silver &amp; more: begins 2026-05-01",
		"/api/initiatives/tried/badge.svg":                                       "Silver &amp; more: draft",
		"/api/initiatives/ended/badge.svg":                                       "Silver &amp; more: 0 of 1 · closed",
		"/api/initiatives/nobody/badge.svg":                                      "Silver &amp; more: nobody is asked · due 2026-06-30",
		"/api/initiatives/astray/badge.svg":                                      "Silver &amp; more: cannot be measured",
		"/api/initiatives/none/badge.svg":                                        "none: no such initiative",
	} {
		status, h, text := o.badge(path, "")
		if status != http.StatusOK || h.Get("Content-Type") != "image/svg+xml" || !strings.Contains(text, "<title>"+want+"</title>") {
			t.Errorf("%s: %d %s %s; want %q", path, status, h.Get("Content-Type"), text, want)
		}
		if status, _, _ := o.badge(path, h.Get("ETag")); status != http.StatusNotModified {
			t.Errorf("%s: %d to who has it", path, status)
		}
	}
}

// A level has the colour that its card gives it, or else one that goes by its name or place.
func TestBadgesHaveTheColourOfALevel(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct{ levels, fill string }{
		"own":   {`[{name: Bronze, rank: 1, color: "#123456"}]`, "#123456"},
		"metal": {`[{name: Bronze, rank: 1}]`, "#b37847"},
		"place": {`[{name: Bronze, rank: 1}, {name: Steady, rank: 2}]`, "#55b8ab"},
	} {
		o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: `+name+`}
spec: {levels: `+c.levels+`, rules: [{id: named, level: Bronze, title: Has a name, expr: entity.metadata.name != ""}]}
`)
		if _, _, text := o.badge("/api/scorecards/"+name+"/badge/component/default/payments.svg", ""); !strings.Contains(text, `fill="`+c.fill+`"`) {
			t.Errorf("%s: no %s in %s", name, c.fill, text)
		}
	}
}

// badge gets a badge, as somebody who has the one with a tag.
func (o *office) badge(path, tag string) (int, http.Header, string) {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.URL+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("If-None-Match", tag)
	resp, err := o.Client().Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}
