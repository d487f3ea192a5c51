package scorer_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// teller is a log that a test writes, and the world that follows it.
type teller struct {
	t     *testing.T
	world *scorer.World
	at    eventlog.Position
}

func newTeller(t *testing.T) *teller {
	t.Helper()
	return &teller{t, worldOf(t, nil), 10}
}

func (w *teller) tell(subject string, after time.Duration, by string, data event.Data) {
	w.t.Helper()
	e, err := event.New("/sources/github", subject, data)
	if err != nil {
		w.t.Fatal(err)
	}
	e.Time, e.Actor, e.Cause.Commit = begin.Add(after), event.Actor{Name: by}, by+"-commit"
	w.at++
	if err := w.world.Apply(eventlog.Record{Position: w.at, Event: e}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *teller) fact(after time.Duration, by, name string, value any) {
	w.t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		w.t.Fatal(err)
	}
	w.tell("acme/payments", after, by, event.FactRecorded{Fact: name, Repository: payments, Value: b})
}

func (w *teller) ofEntity(after time.Duration, by, name string, value string, until time.Time) {
	w.t.Helper()
	w.tell(service, after, by, event.FactRecorded{Fact: name, Entity: service, Value: json.RawMessage(value), Until: until})
}

// known are the facts of the service with the commits that they are from; want has
// nil for those that are to be unknown.
func (w *teller) known(after time.Duration, want map[string]any) {
	w.t.Helper()
	s, err := w.world.Subject(service, begin.Add(after))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		w.t.Fatal(err)
	}
	got := map[string]any{}
	for name := range want {
		got[name] = nil
		if f, ok := s.Known()[name]; ok {
			got[name] = f.Value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFileFacts(t *testing.T) {
	w := newTeller(t)
	w.known(0, map[string]any{"repo.files": nil, "docs.present": nil, "repo.license": nil, "repo.codeowners": nil, "repo.protected": nil})
	card := entity(scorecards.KindScorecard, "files", map[string]any{
		"owner": "platform", "rules": []any{map[string]any{"id": "a", "title": "A", "expr": `repo.json["renovate.json"].a == 1 && repo.text["Makefile"] != ""`}},
	})
	w.tell("scorecard:default/files", day, "mossbank", event.EntityRegistered{Declaration: card})
	w.fact(day, "mossbank", event.FactFiles, event.FilesChanged{
		Whole: true, Added: []string{"LICENSE", "README.md", "docs/index.md", "mkdocs.yml", "renovate.json"},
		Contents: map[string]event.Content{"renovate.json": {Blob: "1"}, "LICENSE": {Blob: "2", License: "MIT"}, "mkdocs.yml": {Blob: "3"}, "docs/index.md": {Blob: "4"}},
		Docs:     map[string]time.Time{"": begin.Add(-90 * day)},
	})
	file := scorecards.FileFact("renovate.json")
	w.known(day, map[string]any{
		"repo.files":   []string{"LICENSE", "README.md", "docs/index.md", "mkdocs.yml", "renovate.json"},
		"repo.license": "MIT", "repo.codeowners": []string{}, file: nil, // nobody has read it
		scorecards.FileFact("Makefile"): scorecards.File{Absent: true},
		"docs.present":                  false, "docs.updated": nil, // the entity names none
	})
	named := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
	named.Entity.Metadata.Annotations = map[string]string{"backstage.io/techdocs-ref": "dir:."}
	w.tell(service, 2*day, "saltmarsh", event.EntityChanged{Declaration: named})
	w.known(2*day, map[string]any{"docs.present": true, "docs.updated": begin.Add(-90 * day)})
	w.fact(3*day, "saltmarsh", event.FactFiles, event.FilesChanged{Contents: map[string]event.Content{
		"renovate.json": {Blob: "5", Read: true, Text: `{"a": 1}`}, "docs/index.md": {Blob: "6"},
	}})
	w.known(3*day, map[string]any{file: scorecards.File{Text: `{"a": 1}`}, "docs.updated": begin.Add(3 * day)})
	w.fact(4*day, "saltmarsh", event.FactFiles, event.FilesChanged{Removed: []string{"mkdocs.yml", "LICENSE", "renovate.json"}, Added: []string{"CODEOWNERS", "COPYING"}})
	w.known(4*day, map[string]any{
		"docs.present": false, "docs.updated": nil, file: scorecards.File{Absent: true},
		"repo.license": nil, "repo.codeowners": nil, // there is one of each, and nobody knows what it says
		"repo.files": []string{"CODEOWNERS", "COPYING", "README.md", "docs/index.md"},
	})
	w.fact(5*day, "saltmarsh", event.FactFiles, event.FilesChanged{Whole: true, TooMany: 20_000})
	w.known(5*day, map[string]any{"repo.files": nil, "repo.license": nil, "repo.codeowners": nil, file: nil})
	w.fact(5*day, "", event.FactProtected, true)
	w.known(5*day, map[string]any{"repo.protected": true, "repo.languages": nil})
	w.fact(5*day, "", event.FactLanguages, event.Languages{Commit: "c", Shares: map[string]float64{"Go": 0.9, "Shell": 0.1}})
	w.known(5*day, map[string]any{"repo.languages": map[string]float64{"Go": 0.9, "Shell": 0.1}})
	w.fact(5*day, "", event.FactLanguages, event.Languages{Commit: "d"})
	w.known(5*day, map[string]any{"repo.languages": map[string]float64{}})
	w.fact(5*day, "", event.FactLanguages, nil)
	w.known(5*day, map[string]any{"repo.languages": nil})
}

func TestReportedFacts(t *testing.T) {
	w := newTeller(t)
	w.known(0, map[string]any{"facts.coverage": nil, "verified.at": scorecards.Never(), "verified.by": ""})
	w.fact(0, "ci", "facts.coverage", 60.0)
	w.known(0, map[string]any{"facts.coverage": 60.0})
	w.ofEntity(2*day, "ci", "facts.coverage", `81.5`, begin.Add(5*day))
	w.ofEntity(day, "ci", "facts.coverage", `70`, time.Time{}) // it came late
	w.known(2*day, map[string]any{"facts.coverage": 81.5})     // what is told of the entity itself counts
	w.ofEntity(3*day, "Moss Bank", event.FactVerified, `{"note": "checked"}`, time.Time{})
	w.known(3*day, map[string]any{"verified.at": begin.Add(3 * day), "verified.by": "Moss Bank"})

	s, err := w.world.Subject(service, begin.Add(3*day))
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Known()["facts.coverage"]; !f.Stale.Equal(begin.Add(5*day)) || f.Source.Actor != "ci" || f.Source.Commit != "ci-commit" {
		t.Errorf("coverage is %+v of %+v", f, f.Source)
	}
	w.ofEntity(4*day, "ci", "facts.coverage", `null`, time.Time{})
	w.known(4*day, map[string]any{"facts.coverage": 60.0}) // that of the repository is left
	w.fact(4*day, "ci", "facts.coverage", nil)
	w.known(4*day, map[string]any{"facts.coverage": nil})
	// What comes late counts neither after what was taken back nor against what is newer.
	w.fact(day, "ci", "facts.coverage", 50.0)
	w.ofEntity(day, "ci", "facts.coverage", `50`, time.Time{})
	w.known(4*day, map[string]any{"facts.coverage": nil})
	w.fact(5*day, "ci", "facts.coverage", 90.0)
	w.fact(4*day+1, "ci", "facts.coverage", nil)
	w.known(5*day, map[string]any{"facts.coverage": 90.0})
}
