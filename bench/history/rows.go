package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
)

// start is when the made-up year begins.
var start = time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC)

const (
	year   = 365 * 24 * time.Hour
	teams  = 200
	people = 300
)

// year's events: of ten, seven are about entities, two are pushes and one is a
// pipeline. Every entity's first registers it, every third change is of its owner.
type plan struct{ events, entities int }

// told is what event i is about: an entity's n-th version from 0, or activity.
func (p plan) told(i int) (entity, version int, isEntity bool) {
	block, at := i/10, i%10
	if at >= 7 {
		return (i * 7919) % p.entities, 0, false
	}
	nth := block*7 + at
	return nth * 7919 % p.entities, nth / p.entities, true
}

func (p plan) at(i int) time.Time {
	return start.Add(time.Duration(float64(year) * float64(i) / float64(p.events)))
}

func name(entity int) string { return fmt.Sprintf("service-%06d", entity) }
func ref(entity int) string  { return "component:default/" + name(entity) }

// owner changes with every third version.
func owner(entity, version int) string {
	return fmt.Sprintf("team-%03d", (entity+version/3*31)%teams)
}

func description(entity, version int) string {
	return fmt.Sprintf("Takes, captures and refunds payments of shop %d; release %d.", entity%977, version)
}

// commit looks like one.
func commit(i int) string {
	return fmt.Sprintf("%016x%016x%08x", uint64(i+1)*0x9E3779B97F4A7C15, uint64(i+1)*0xC2B2AE3D27D4EB4F, uint32(i)*2654435761) //nolint:gosec // not negative
}

// record is event i as a log has it: a declaration of 1.6 KB, or activity.
func (p plan) record(i int) eventlog.Record {
	entity, version, isEntity := p.told(i)
	at, sha := p.at(i), commit(i)
	e := event.Event{
		ID: sha[:32], Source: event.SourcePrefix + "github", Time: at,
		Actor: event.Actor{Login: fmt.Sprintf("person-%d", (i*31+entity)%people)},
		Cause: event.Cause{Delivery: "github:" + sha[8:24], Commit: sha},
	}
	repository := "acme/" + name(entity)
	switch {
	case !isEntity && i%10 == 9:
		e.Type, e.Subject = event.TypeActivityPipeline, repository
		e.Data = fmt.Appendf(nil, `{"repository":{"source":"github","id":"%d","fullName":"%s"},"id":"%d","name":"build","status":"%s","branch":"main"}`, entity, repository, i, pick(i, "success", "success", "failure"))
	case !isEntity:
		e.Type, e.Subject = event.TypeActivityPush, repository
		e.Data = fmt.Appendf(nil, `{"repository":{"source":"github","id":"%d","fullName":"%s"},"ref":"refs/heads/main","before":"%s","after":"%s","commits":%d}`, entity, repository, commit(i-1), sha, 1+i%4)
	default:
		e.Type, e.Subject = event.TypeEntityChanged, ref(entity)
		if version == 0 {
			e.Type = event.TypeEntityRegistered
		}
		e.Data = declaration(entity, version, sha)
	}
	return eventlog.Record{Position: eventlog.Position(i + 1), Recorded: at.Add(2 * time.Second), Event: e} //nolint:gosec // not negative
}

func pick(i int, words ...string) string { return words[i%len(words)] }

func declaration(entity, version int, sha string) []byte {
	n := name(entity)
	file := "https://git.acme.example/acme/" + n + "/blob/main/catalog-info.yaml"
	return fmt.Appendf(nil, `{"entity":{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{"name":"%s","namespace":"default","uid":"%032x","etag":"%s","description":"%s",`+
		`"annotations":{"backstage.io/managed-by-location":"url:%s","backstage.io/managed-by-origin-location":"url:%s","backstage.io/view-url":"%s",`+
		`"backstage.io/source-location":"url:https://git.acme.example/acme/%s/tree/main/"},"labels":{"tier":"%d"},"tags":["go","grpc","payments"]},`+
		`"spec":{"type":"service","lifecycle":"production","owner":"%s","system":"checkout-%d","dependsOn":["component:service-%06d","resource:db-%06d"],"providesApis":["%s-api"]}},`+
		`"document":"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\n  description: %s\n  tags: [go, grpc, payments]\nspec:\n  type: service\n  lifecycle: production\n  owner: %s\n  system: checkout-%d\n",`+
		`"origin":{"source":"github","repository":"acme/%s","repositoryId":"%d","branch":"main","commit":"%s","path":"catalog-info.yaml","blob":"%s","line":1,"entities":1,"url":"%s"}}`,
		n, entity+1, sha[:16], description(entity, version), file, file, file, n, entity%4, owner(entity, version), entity%500, (entity+1)%1000, entity, n,
		n, description(entity, version), owner(entity, version), entity%500, n, entity, sha, sha[:40], file)
}

// row is what the projection makes of event i, without the work of it.
func (p plan) row(i int) history.Row {
	entity, version, isEntity := p.told(i)
	r := history.Row{Record: p.record(i)}
	r.Truth = r.Time
	var changes []catalog.Change
	if !isEntity {
		r.Summary = pick(i, "main: 2 commits, to ", "build on main: success ") + commit(i)[:7]
	} else {
		r.About, r.Declares = r.Subject, r.Position
		r.File = fmt.Sprintf("github\n%d\ncatalog-info.yaml", entity)
		r.State = fmt.Appendf(nil, `{"at":{"source":"github","repository":"%d","path":"catalog-info.yaml"}}`, entity)
		r.Summary = "service, owned by " + owner(entity, 0)
		if version > 0 {
			changes = append(changes, catalog.Change{Path: "metadata.description", Op: catalog.Changed, Before: description(entity, version-1), After: description(entity, version)})
			r.Summary = "description"
			if was, is := owner(entity, version-1), owner(entity, version); was != is {
				changes = append(changes, catalog.Change{Path: "spec.owner", Op: catalog.Changed, Before: was, After: is})
				r.Summary = "description, owner"
			}
		}
	}
	r.Changes, _ = json.Marshal(changes) // strings
	words := []string{r.Subject, r.Summary, r.Actor.Login, "", "", string(r.Type)}
	for _, c := range changes {
		words = append(words, c.Path, fmt.Sprint(c.Before), fmt.Sprint(c.After))
	}
	r.Text = strings.ToLower(strings.Join(words, "\n"))
	return r
}
