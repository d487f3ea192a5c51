package web_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// What somebody else wrote stays text, wherever it stands: in an element, in an
// attribute, in a link, in JSON.
func TestNothingForeignBecomesMarkup(t *testing.T) {
	for _, evil := range []string{`<em>x</em>`, `"><script>alert(1)</script>`, `' onmouseover='alert(1)`, `</pre><em>`, `javascript:alert(1)//<em>`, "</title><em>"} {
		t.Run(evil, func(t *testing.T) {
			p := hostile(t, evil)
			q := url.QueryEscape(evil)
			for _, address := range []string{
				"/catalog", "/catalog?q=" + q, "/catalog?kind=" + q + "&type=" + q + "&owner=" + q + "&tag=" + q + "&source=" + q + "&lifecycle=" + q,
				"/catalog?order=" + q, "/catalog?" + q + "=" + q,
				"/catalog/default/component/victim", "/catalog/default/component/victim/descriptor", "/catalog/default/component/victim/history",
				"/catalog/default/component/victim/parts", "/catalog/default/component/victim/needs", "/catalog/default/component/victim/needs?relation=" + q + "&kind=" + q,
				"/apis", "/apis?q=" + q, "/catalog/default/api/spec", "/catalog/default/api/spec/definition", "/catalog/default/api/spec/definition?view=source", "/catalog/default/api/schema/definition",
				"/catalog/default/location/where", "/catalog/default/template/form", "/catalog/default/thing/own", "/catalog/register/" + url.PathEscape(evil),
				"/catalog/default/component/victim/graph", "/catalog/default/component/victim/graph?hide=" + q, "/catalog?starred=" + q,
				"/palette?q=" + q, "/palette?q=victim&at=/catalog/default/component/victim", "/palette?q=" + url.QueryEscape(">"+evil) + "&at=" + q,
				"/catalog/" + url.PathEscape(evil) + "/" + url.PathEscape(evil) + "/" + url.PathEscape(evil), "/catalog/default/component/other",
				"/audit", "/audit?q=" + q + "&actor=" + q + "&type=" + q + "&source=" + q, "/audit?entity=" + q, "/audit?from=" + q, "/audit/1", "/audit/2", "/audit/3", "/audit/" + url.PathEscape(evil),
				"/sources", "/sources?source=" + q + "&delivery=" + q, "/sources?status=" + q, "/sources?replayed=" + q,
				"/" + url.PathEscape(evil),
			} {
				got := p.get(address)
				if got.status >= 500 {
					t.Errorf("%s: %d\n%s", address, got.status, p.log)
				}
				if n := len(got.all("em, script:not([src]), [onmouseover]")); n > 0 {
					t.Errorf("%s: %d elements that nobody of ours wrote", address, n)
				}
				for _, n := range got.all("[href], [action], [src]") {
					for _, name := range []string{"href", "action", "src"} {
						if strings.HasPrefix(strings.ToLower(strings.TrimSpace(attr(n, name))), "javascript:") {
							t.Errorf("%s: %s=%q", address, name, attr(n, name))
						}
					}
				}
			}
			for _, n := range p.post("/catalog/register", url.Values{"target": {evil}}).all("em, script:not([src]), [onmouseover]") {
				t.Errorf("an address that cannot be one becomes %s", n.Data)
			}
			// It is not lost either: it is there as it was written.
			p.ok("/catalog/default/component/victim").wants("h1", strings.Join(strings.Fields(evil), " "))
			p.ok("/catalog/default/component/victim/descriptor").wants(".source", evil)
		})
	}
}

// hostile is a portal in which every text is evil.
func hostile(t *testing.T, evil string) *portal {
	t.Helper()
	p := empty(t, func(c *web.Config) {
		c.Organisation, c.URL = evil, "https://callboard.example/"+evil
		c.Sources = sources(web.Source{Name: evil, Type: "github", Of: evil}, web.Source{Name: "git" + evil, Type: evil, Of: evil})
	})
	origin := event.Origin{Source: evil, Repository: evil, RepositoryID: "1", Branch: evil, Commit: evil, Path: evil, URL: evil, Line: 1}
	declared := event.Declaration{
		Document: evil + "\n" + evil,
		Origin:   origin,
		Entity: catalog.Entity{
			APIVersion: evil, Kind: "Component",
			Metadata: catalog.Metadata{
				UID: "1", Name: "victim", Namespace: "default", Title: evil, Description: evil, Tags: []string{evil},
				Labels: map[string]string{evil: evil}, Annotations: map[string]string{evil: evil, catalog.AnnotationEditURL: evil},
				Links: []catalog.Link{{URL: evil, Title: evil, Icon: evil, Type: evil}, {URL: evil}},
			},
			Spec: map[string]any{"type": evil, "lifecycle": evil, "owner": "group:default/" + evil, "system": "system:default/" + evil, "dependsOn": []any{"component:default/" + evil}},
		},
	}
	changed := declared
	changed.Entity.Metadata.Description = "other"
	changed.Entity.Spec = map[string]any{"type": evil, "lifecycle": evil, "owner": "group:default/other", evil: map[string]any{evil: evil, "title": evil, "url": evil}}
	refused := event.EntityRejected{
		Ref: "component:default/victim", Document: evil, Origin: origin,
		Problems: []event.Problem{{Path: evil, Line: 1, Column: 2, Message: evil}},
	}
	lost := event.EntityRejected{Document: evil, Origin: origin, Problems: []event.Problem{{Path: evil, Line: 1, Column: 1, Message: evil}}}
	lost.Origin.Path = "other"
	twice := event.EntityConflicted{EntityRejected: refused, With: origin}
	twice.Origin.Path = "twice"
	declare := func(version, kind, name string, spec map[string]any) event.EntityRegistered {
		return event.EntityRegistered{Declaration: event.Declaration{Origin: origin, Document: evil, Entity: catalog.Entity{
			APIVersion: version, Kind: kind, Metadata: catalog.Metadata{UID: name, Name: name, Namespace: "default"}, Spec: spec,
		}}}
	}
	const v1 = "backstage.io/v1alpha1"
	quoted, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	openapi := strings.ReplaceAll(`{"openapi": E, "info": {"title": E, "version": E, "description": E}, "servers": [{"url": E}], "tags": [{"name": E, "description": E}],
		"paths": {E: {"get": {"tags": [E], "summary": E, "description": E, "parameters": [{"name": E, "in": E, "schema": {"type": E, "default": E, "enum": [E]}}],
			"responses": {E: {"description": E, "content": {E: {"schema": {"$ref": E}}}}}}}},
		"components": {"schemas": {E: {"description": E, "properties": {E: {"type": E, "format": E, "description": E, "$ref": "#/components/schemas/x"}}}}}}`, "E", string(quoted))
	by := event.Actor{Login: evil, Name: evil, Email: evil}
	cause := event.Cause{Delivery: evil, Commit: evil, CommitURL: evil, Request: evil, Schedule: evil}
	for i, e := range []struct {
		subject string
		data    event.Data
	}{
		{"component:default/victim", event.EntityRegistered{Declaration: declared}},
		{"component:default/victim", event.EntityChanged{Declaration: changed}},
		{"component:default/victim", refused},
		{evil, lost},
		{"component:default/victim", twice},
		{"api:default/spec", declare(v1, "API", "spec", map[string]any{"type": "openapi", "owner": evil, "lifecycle": evil, "definition": openapi})},
		{"api:default/schema", declare(v1, "API", "schema", map[string]any{"type": "graphql", "definition": "type Query { a: " + evil + " }"})},
		{"location:default/where", declare(v1, "Location", "where", map[string]any{"target": evil, "targets": []any{evil, "javascript:alert(1)"}})},
		{"template:default/form", declare("scaffolder.backstage.io/v1beta3", "Template", "form", map[string]any{"type": evil, "parameters": []any{map[string]any{"title": evil, "properties": map[string]any{evil: map[string]any{"title": evil}}}}, "steps": []any{map[string]any{"name": evil, "action": evil}}})},
		{"thing:default/own", declare("acme.example/v1", "Thing", "own", map[string]any{evil: evil, "profile": map[string]any{"email": evil}})},
		{"component:default/other", event.EntityRemoved{Ref: "component:default/other", Reason: evil, Origin: origin}},
	} {
		if _, err := p.world.Add(sample.Now.Add(time.Duration(i-10)*time.Minute), evil, e.subject, by, cause, e.data); err != nil {
			t.Fatal(err)
		}
	}
	for i, status := range []event.DeliveryStatus{event.DeliveryFailed, event.DeliveryWaiting, event.DeliveryDone} {
		err := p.world.Push(context.Background(), sample.Push{
			At: sample.Now.Add(time.Duration(-i) * time.Minute), Source: evil, Event: evil, Repository: evil, SHA: strings.Repeat(string(rune('a'+i)), 12) + evil,
			Only: event.DeliveryHandled{Status: status, Repository: evil, Error: evil, Attempts: 2},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	return p
}
