// Package archtest keeps the import directions: which room may know which.
// The picture is in docs/architecture.md.
package archtest_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/callboard/callboard"

// rooms lists what each package may import of ours. A package matches its longest
// prefix; "…/" as an entry allows everything below it.
var rooms = map[string][]string{
	".":                   {}, // the manual, at the root
	"internal/fault":      {},
	"internal/flat":       {},
	"catalog":             {},
	"catalog/descriptor":  {"catalog"},
	"catalog/definition":  {},
	"catalog/graph":       {"catalog"},
	"catalog/codeowners":  {},
	"catalog/schema":      {"catalog"},
	"catalog/catalogtest": {"catalog"},
	// Pure rules: what is known of an entity in, results out.
	"scorecards": {"catalog", "catalog/schema"},
	// Whoever follows the log and says how scores change.
	"scorecards/scorer": {"catalog", "catalog/codeowners", "catalog/descriptor", "event", "eventlog", "internal/fault", "scorecards"},
	// What people ask for and decide about rules, in the portal.
	"scorecards/desk": {"catalog", "event", "eventlog", "internal/fault", "scorecards"},
	"event":           {"catalog", "internal/fault", "internal/flat"},
	// What a change would do before it is merged: read as a push is, judged as the log is.
	"checks": {"catalog", "catalog/codeowners", "catalog/descriptor", "event", "eventlog", "ingest", "internal/fault", "projections/entities", "projections/sqlstore", "scorecards", "scorecards/scorer"},
	// Documentation: the files of a repository in, pages out.
	"techdocs":          {"techdocs/markdown"},
	"techdocs/markdown": {},
	// Two versions of a page.
	"techdocs/revision": {},
	// The same in the form in which MkDocs builds it, for readers that expect that.
	"techdocs/mkdocs": {"techdocs"},
	// What it is made of, kept by content.
	"techdocs/store": {"event", "internal/fault", "projections/sqlstore", "techdocs"},

	"eventlog": {"event", "eventlog", "internal/fault"},

	"ingest":          {"catalog", "catalog/codeowners", "catalog/descriptor", "event", "eventlog", "eventlog/reactor", "ingest", "internal/fault", "techdocs"},
	"ingest/forgeapi": {"ingest", "internal/fault"},
	// The suite for their pull requests.
	"ingest/forgeapi/reviewtest": {"event", "ingest", "internal/demoforge", "internal/fault"},
	"ingest/survey":              {"event", "ingest", "internal/fault"},
	"ingest/cloudevents":         {"catalog", "event", "ingest", "internal/fault"},
	"ingest/github":              {"catalog", "catalog/codeowners", "event", "ingest", "ingest/forgeapi", "internal/fault"},
	"ingest/gitlab":              {"catalog", "catalog/codeowners", "event", "ingest", "ingest/forgeapi", "internal/fault"},
	"ingest/git":                 {"event", "ingest", "internal/fault"},

	// A client of two portals' APIs: it brings in nothing by itself.
	"ingest/backstage": {"catalog", "internal/fault"},

	"projections":                         {"event", "eventlog", "internal/fault"},
	"projections/projectiontest":          {"catalog", "event", "eventlog", "internal/fault", "projections"},
	"projections/sqlstore":                {"eventlog", "internal/fault"},
	"projections/entities":                {"catalog", "event", "eventlog", "internal/fault", "internal/flat", "projections", "projections/entities/index"},
	"projections/entities/index":          {},
	"projections/history":                 {"catalog", "event", "eventlog", "internal/fault", "internal/flat", "projections"},
	"projections/history/historytest":     {"event", "eventlog", "internal/fault", "projections", "projections/history", "projections/projectiontest"},
	"projections/history/clickhousestore": {"event", "eventlog", "internal/fault", "projections", "projections/history"},
	"projections/history/sqlitestore":     {"event", "eventlog", "internal/fault", "projections", "projections/history", "projections/sqlstore"},
	// The catalog as it was is made of two read models.
	"projections/moments":             {"eventlog", "internal/fault", "projections", "projections/entities"},
	"projections/moments/momentstest": {"catalog", "event", "eventlog", "projections", "projections/entities"},
	"projections/tree":                {"event", "eventlog", "internal/fault", "projections", "projections/sqlstore"},
	// So is what the history of entities comes to.
	"projections/ledger": {"catalog", "eventlog", "internal/fault", "internal/flat", "projections", "projections/entities", "projections/history"},
	// And so is what an audit asks.
	"projections/evidence":     {"catalog", "event", "eventlog", "eventlog/proof", "internal/fault", "projections", "projections/entities", "projections/history", "projections/ledger", "projections/scores", "scorecards"},
	"projections/repositories": {"event", "eventlog", "internal/fault", "projections", "projections/sqlstore"},
	// How sources stand is told by two read models together.
	"projections/standing": {"event", "internal/fault", "projections/deliveries", "projections/repositories"},
	"projections/docs":     {"event", "eventlog", "internal/fault", "projections", "projections/sqlstore"},
	"projections/search":   {"catalog", "catalog/definition", "event", "eventlog", "internal/fault", "projections", "projections/sqlstore", "techdocs"},
	"projections/scores":   {"event", "eventlog", "internal/fault", "projections", "projections/sqlstore", "scorecards"},
	// How scores moved is what is on record and, before that, what a backtest finds.
	"projections/trends": {"catalog", "eventlog", "internal/fault", "scorecards", "scorecards/scorer"},
	// Exemptions and initiatives: what they say, how entities stood, what the history tells.
	"projections/agreements": {"catalog", "event", "eventlog", "internal/fault", "projections", "projections/entities", "projections/history", "projections/scores", "scorecards"},
	// How an organisation stands is how entities do, by where the catalog has them.
	"projections/maturity":   {"catalog", "event", "eventlog", "internal/fault", "projections", "projections/entities", "projections/scores", "scorecards"},
	"projections/deliveries": {"event", "eventlog", "internal/fault", "projections", "projections/sqlstore"},

	"projections/notices": {"catalog", "event", "eventlog", "internal/fault", "projections", "projections/sqlstore", "scorecards"},

	// What goes out: events, by the filters of the history.
	"subscribers": {"event", "eventlog", "eventlog/pubsub", "internal/fault", "projections/history", "projections/sqlstore"},
	// And notices, to where people read them.
	"subscribers/channels": {"event", "eventlog", "internal/fault", "projections/notices", "subscribers"},

	"api":           {"api/", "catalog", "checks", "event", "eventlog", "internal/fault", "projections", "projections/", "scorecards", "scorecards/", "subscribers", "techdocs", "techdocs/mkdocs"},
	"api/shape":     {},
	"api/predicate": {"api/shape", "internal/fault", "projections/entities"},
	"web":           {"catalog", "checks", "catalog/codeowners", "catalog/definition", "catalog/descriptor", "catalog/graph", "event", "eventlog", "internal/fault", "projections", "projections/", "scorecards", "scorecards/", "subscribers", "techdocs", "techdocs/markdown", "techdocs/revision", "web/"},

	"web/internal": {"catalog", "checks", "catalog/descriptor", "event", "eventlog", "internal/fault", "projections", "projections/", "subscribers", "web", "web/"},

	"internal/config":    {"catalog", "catalog/schema", "event", "internal/fault"},
	"internal/demoforge": {"internal/fault", "techdocs/markdown"},
	"internal/tuning":    {},
	"internal/archtest":  {},
	// The engine that tests of clickhousestore run; nothing of it is in the binary.
	"internal/clickhousetest": {"internal/clickhousetest", "internal/clickhousetest/"},
	"examples/acme":           {".", "internal/demoforge"},
	"cmd":                     {""},
	"bench":                   {""},
}

// foreign lists libraries that are named in few rooms only.
var foreign = map[string][]string{
	"github.com/ThreeDotsLabs/watermill": {"eventlog"},
	"github.com/nats-io/":                {"eventlog"},
	"golang.org/x/mod/sumdb":             {"eventlog/proof", "projections/tree"},
	"github.com/labstack/echo":           {"api", "web", "ingest", "cmd", "bench"},
	"github.com/a-h/templ":               {"web"},
	"github.com/RoaringBitmap/roaring":   {"projections/entities/index"},
	"database/sql":                       {"checks", "projections", "eventlog/sqlitelog", "subscribers", "techdocs/store"},
	"cel.dev/cel-go":                     {"scorecards"},
	"modernc.org/sqlite":                 {"projections/sqlstore", "eventlog/sqlitelog"},
	"github.com/google/go-github":        {"ingest/github"},
	"gitlab.com/gitlab-org/api":          {"ingest/gitlab"},
	"gopkg.in/yaml.v3":                   {"catalog/definition", "catalog/descriptor", "internal/config", "internal/demoforge", "scorecards", "techdocs"},
	"github.com/yuin/goldmark":           {"techdocs/markdown"},
	"github.com/microcosm-cc/":           {"techdocs/markdown"},
	"github.com/sergi/go-diff":           {"techdocs/revision"},
	"github.com/BurntSushi/toml":         {"scorecards"},
	"github.com/santhosh-tekuri/":        {"catalog/schema"},
	"net/http":                           {"api", "web", "ingest", "subscribers", "internal/demoforge", "internal/clickhousetest", "cmd", "bench"},
	"github.com/ClickHouse/":             {"projections/history/clickhousestore", "internal/clickhousetest"},
	"github.com/wneessen/go-mail":        {"subscribers/channels"},
	"github.com/ebitengine/purego":       {"internal/clickhousetest"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		seen++
		allowed, room := roomOf(name)
		if room == "" {
			t.Errorf("%s is in no room: add it to the table, and to docs/architecture.md", name)
			continue
		}
		for _, imp := range p.Imports {
			if other, ok := ours(imp); ok && !allows(allowed, other) {
				t.Errorf("%s must not import %s", name, other)
			}
			for lib, rooms := range foreign {
				if strings.HasPrefix(imp, lib) && !inside(rooms, name) {
					t.Errorf("%s must not import %s: only %s may", name, imp, strings.Join(rooms, ", "))
				}
			}
		}
	}
	if seen < 10 {
		t.Fatalf("go list found %d packages: the check looked at nothing", seen)
	}
}

// ours is a package by its folder: "." for the one at the root.
func ours(path string) (name string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func roomOf(name string) (allowed []string, room string) {
	for r, a := range rooms {
		if (name == r || strings.HasPrefix(name, r+"/")) && len(r) > len(room) {
			allowed, room = a, r
		}
	}
	return allowed, room
}

func allows(allowed []string, imp string) bool {
	for _, a := range allowed {
		if a == "" || a == imp || strings.HasSuffix(a, "/") && strings.HasPrefix(imp, a) || a == "eventlog" && strings.HasPrefix(imp, "eventlog/") {
			return true
		}
	}
	return false
}

func inside(rooms []string, name string) bool {
	for _, r := range rooms {
		if name == r || strings.HasPrefix(name, r+"/") {
			return true
		}
	}
	return false
}
