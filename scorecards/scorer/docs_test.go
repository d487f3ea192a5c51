package scorer_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/event"
)

func documented(where string) event.EntityChanged {
	d := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
	if where != "" {
		d.Entity.Metadata.Annotations = map[string]string{"backstage.io/techdocs-ref": where}
	}
	return event.EntityChanged{Declaration: d}
}

func site(pages, broken int) event.DocsPublished {
	return event.DocsPublished{Entity: service, Repository: payments, Pages: make([]event.DocsPage, pages), Words: 100 * pages, Broken: broken, Orphans: broken + 2}
}

// Figures are those of what is shown: a commit that cannot be shown changes none of them,
// and says so.
func TestDocsFacts(t *testing.T) {
	unknown := map[string]any{"docs.present": nil, "docs.pages": nil, "docs.words": nil, "docs.brokenLinks": nil, "docs.orphans": nil, "docs.updated": nil, "docs.failing": nil, "docs.failure": nil}
	none := map[string]any{"docs.present": false, "docs.pages": 0, "docs.words": 0, "docs.brokenLinks": nil, "docs.orphans": nil, "docs.updated": nil, "docs.failing": false, "docs.failure": ""}
	stands := func(pages, broken int, updated time.Duration, failure string) map[string]any {
		return map[string]any{
			"docs.present": true, "docs.pages": pages, "docs.words": 100 * pages, "docs.brokenLinks": broken, "docs.orphans": broken + 2, "docs.updated": begin.Add(updated), "docs.failing": failure != "", "docs.failure": failure,
		}
	}
	failed := event.DocsFailed{Entity: service, Repository: payments, DocsProblem: event.DocsProblem{File: "mkdocs.yml", Line: 7, Message: "nav is no list"}}
	const why = "mkdocs.yml:7: nav is no list"

	w := newTeller(t)
	w.known(0, unknown)
	w.fact(0, "mossbank", event.FactFiles, event.FilesChanged{Whole: true, Added: []string{"README.md"}})
	w.known(0, none) // the descriptor names no docs
	w.tell(service, day, "mossbank", documented("url:https://git.example/acme/payments/tree/main"))
	w.known(day, unknown)
	w.tell(service, day, "mossbank", failed)
	w.known(day, map[string]any{"docs.present": false, "docs.pages": 0, "docs.words": 0, "docs.brokenLinks": nil, "docs.orphans": nil, "docs.updated": nil, "docs.failing": true, "docs.failure": why})
	w.tell(service, 2*day, "mossbank", site(3, 1))
	w.known(2*day, stands(3, 1, 2*day, ""))
	w.tell(service, 3*day, "saltmarsh", failed)
	w.known(3*day, stands(3, 1, 2*day, why))
	w.tell(service, day, "saltmarsh", site(4, 0)) // the clock of whoever mended it is slow
	w.known(3*day, stands(4, 0, 2*day, ""))
	w.fact(4*day, "saltmarsh", event.FactFiles, event.FilesChanged{Added: []string{"docs/wip.txt", "mkdocs.yml"}})
	w.known(4*day, stands(4, 0, 2*day, "")) // nothing of that is shown
	w.tell(service, 5*day, "mossbank", documented(""))
	w.known(5*day, none)
	w.tell(service, 5*day, "mossbank", event.DocsRemoved{Entity: service, Repository: payments})
	w.tell(service, 6*day, "mossbank", documented("url:https://elsewhere.example"))
	w.known(6*day, unknown) // what was shown once does not come back
}

// What is shown of an entity is told of its repository, and goes with either.
func TestDocsEnd(t *testing.T) {
	for name, data := range map[string]event.Data{
		"the repository": event.RepositoryDeleted{Repository: payments},
		"the entity":     event.EntityRemoved{Ref: service, Origin: documented("dir:.").Origin},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTeller(t)
			w.tell(service, 0, "mossbank", documented("dir:."))
			w.tell(service, 0, "mossbank", site(3, 1))
			w.known(0, map[string]any{"docs.pages": 3})
			w.tell(service, day, "", data)
			w.tell(service, day, "mossbank", documented("dir:."))
			w.known(day, map[string]any{"docs.pages": nil, "docs.present": nil})
		})
	}
}
