// Package story tells how a population came to be in the catalog: the events
// that ingest would have appended had it read every repository. [Registered] is
// the first event of each entity; [Changed] is what may happen to it later.
package story

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
)

const (
	source = "github"
	forge  = "https://git.acme.example/acme/"
)

// start is when the first entity was committed; the others follow by the minute.
var start = time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC)

// Registered returns the event by which entity i came into the catalog.
func Registered(p *population.Population, i int) (event.Event, error) {
	d, err := declare(p, i, p.Entity(i))
	if err != nil {
		return event.Event{}, err
	}
	return tell(d, event.EntityRegistered{Declaration: d}, i, 0)
}

// Changed returns the n-th change of entity i, n from 1: another title, and of
// what has an owner every third time another owner.
func Changed(p *population.Population, i, n int) (event.Event, error) {
	obj := p.Entity(i)
	obj["metadata"].(map[string]any)["title"] = fmt.Sprintf("%s, version %d", p.Name(i), n)
	spec := obj["spec"].(map[string]any)
	if _, owned := spec["owner"]; owned && n%3 == 0 {
		spec["owner"] = p.Name(p.Number(population.Group, (i+n)%p.Count(population.Group)))
	}
	d, err := declare(p, i, obj)
	if err != nil {
		return event.Event{}, err
	}
	return tell(d, event.EntityChanged{Declaration: d}, i, n)
}

// declare says where and how an entity is declared.
func declare(p *population.Population, i int, obj map[string]any) (event.Declaration, error) {
	e, problems := catalog.FromObject(obj)
	if len(problems) > 0 {
		return event.Declaration{}, fmt.Errorf("the population's entity %s is not valid: %v", p.Ref(i), problems)
	}
	text, err := descriptor.Format(e)
	if err != nil {
		return event.Declaration{}, err
	}
	repository := p.Home(i)
	path := fmt.Sprintf("catalog/%s.yaml", p.Name(i))
	if p.Section(i) == population.Component {
		path = "catalog-info.yaml"
	}
	file := forge + repository + "/blob/main/" + path
	m := &e.Metadata
	m.UID = uuid.NewSHA1(uuid.NameSpaceOID, []byte(p.Ref(i))).String()
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[catalog.AnnotationLocation] = "url:" + file
	m.Annotations[catalog.AnnotationOriginLocation] = "url:" + file
	m.Annotations[catalog.AnnotationViewURL] = file
	m.Annotations[catalog.AnnotationEditURL] = forge + repository + "/edit/main/" + path
	m.Annotations[catalog.AnnotationSourceLocation] = "url:" + forge + repository + "/tree/main/"
	m.ETag = catalog.ETag(e)
	return event.Declaration{Entity: *e, Document: string(text), Origin: event.Origin{
		Source: source, Repository: "acme/" + repository, RepositoryID: digest("repository", repository)[:12], Branch: "main",
		Commit: digest("commit", repository), Path: path, Blob: digest("blob", string(text)), Line: 1, Entities: 1, URL: file,
	}}, nil
}

// tell puts a declaration in the envelope that ingest would have used.
func tell(d event.Declaration, data event.Data, i, n int) (event.Event, error) {
	ref := d.Entity.Ref().String()
	e, err := event.New(event.SourcePrefix+source, ref, data)
	if err != nil {
		return event.Event{}, err
	}
	commit := d.Origin.Commit
	if n > 0 {
		commit = digest("commit", d.Origin.Repository, fmt.Sprint(n))
	}
	e.ID = event.DeriveID(n, "bench", ref)
	e.Time = start.Add(time.Duration(i+n) * time.Minute)
	e.Actor = event.Actor{Name: "Pebble Dash", Login: "pebbledash"}
	e.Cause = event.Cause{Delivery: source + ":" + commit[:16], Commit: commit, CommitURL: strings.TrimSuffix(d.Origin.URL, "/blob/main/"+d.Origin.Path) + "/commit/" + commit}
	return e, nil
}

func digest(parts ...string) string {
	h := sha1.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
