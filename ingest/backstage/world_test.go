package backstage_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/callboard/callboard/ingest/backstage"
)

// portal is a small catalog behind the routes that an import asks, of either side.
type portal struct {
	*httptest.Server
	old   bool // a Backstage without by-query
	token string

	mu         sync.Mutex
	entities   []map[string]any
	locations  []map[string]any
	rejections []map[string]any
	// leads is what registering a target brings: entities, or a rejection without a ref.
	trial  map[string]string // what a dry run of a target says
	leads  map[string][]map[string]any
	asked  []string // writes
	moment int
}

func newPortal(t *testing.T, entities ...map[string]any) *portal {
	t.Helper()
	p := &portal{entities: entities, leads: map[string][]map[string]any{}, moment: 7}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/catalog/locations", p.list)
	mux.HandleFunc("POST /api/catalog/locations", p.register)
	mux.HandleFunc("GET /api/catalog/entities", p.page)
	mux.HandleFunc("GET /api/catalog/entities/by-query", p.query)
	mux.HandleFunc("POST /api/catalog/entities/by-refs", p.byRefs)
	mux.HandleFunc("GET /api/rejections", p.rejected)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"projections": []any{map[string]any{"name": "deliveries", "position": 99}, map[string]any{"name": "entities", "position": p.moment, "lag": 0}}})
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.token != "" && r.Header.Get("Authorization") != "Bearer "+p.token {
			refuse(w, http.StatusUnauthorized, "AuthenticationError", "Missing credentials")
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		w.Header().Set("Callboard-Position", strconv.Itoa(p.moment))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, name, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"name": name, "message": message}, "response": map[string]any{"statusCode": status}})
}

func (p *portal) list(w http.ResponseWriter, _ *http.Request) {
	items := []any{}
	for _, l := range p.locations {
		items = append(items, map[string]any{"data": l})
	}
	answer(w, http.StatusOK, items)
}

func (p *portal) register(w http.ResponseWriter, r *http.Request) {
	var l struct{ Type, Target string }
	json.NewDecoder(r.Body).Decode(&l)
	led, known := p.leads[l.Target]
	if r.URL.Query().Get("dryRun") == "true" {
		if !known {
			if problem := p.trial[l.Target]; problem != "" {
				refuse(w, http.StatusBadRequest, "InputError", problem)
				return
			}
			refuse(w, http.StatusBadRequest, "InputError", "NotFoundError: Unable to read url, no matching files found for "+l.Target)
			return
		}
		answer(w, http.StatusCreated, map[string]any{"location": l, "entities": led})
		return
	}
	p.asked = append(p.asked, l.Target)
	p.locations = append(p.locations, map[string]any{"type": l.Type, "target": l.Target})
	p.moment++
	if !known {
		p.rejections = append(p.rejections, map[string]any{
			"ref":      "location:default/" + generated("url:"+l.Target),
			"origin":   map[string]any{"source": "locations", "repository": l.Target, "path": "registration"},
			"problems": []any{map[string]any{"path": "spec.target", "message": "leads nowhere: " + l.Target + " does not exist"}},
		})
	}
	p.entities = append(p.entities, led...)
	answer(w, http.StatusCreated, map[string]any{"location": l, "entities": []any{}})
}

// matching knows filters of one condition: kind=….
func (p *portal) matching(r *http.Request) []map[string]any {
	all := []map[string]any{}
	for _, e := range p.entities {
		kind := strings.ToLower(e["kind"].(string))
		if f := r.URL.Query()["filter"]; len(f) == 0 || slices.Contains(f, "kind="+kind) {
			all = append(all, e)
		}
	}
	return all
}

func (p *portal) page(w http.ResponseWriter, r *http.Request) {
	all := p.matching(r)
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	answer(w, http.StatusOK, all[min(offset, len(all)):min(offset+limit, len(all))])
}

func (p *portal) query(w http.ResponseWriter, r *http.Request) {
	if p.old {
		http.NotFound(w, r)
		return
	}
	var from struct {
		Offset int
		Filter []string
	}
	if c := r.URL.Query().Get("cursor"); c != "" {
		b, _ := base64.StdEncoding.DecodeString(c)
		json.Unmarshal(b, &from)
		q := r.URL.Query()
		q["filter"] = from.Filter
		r.URL.RawQuery = q.Encode()
	}
	from.Filter = r.URL.Query()["filter"]
	all := p.matching(r)
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	to := min(from.Offset+limit, len(all))
	info := map[string]any{}
	items := all[from.Offset:to]
	if from.Offset = to; to < len(all) {
		b, _ := json.Marshal(from)
		info["nextCursor"] = base64.StdEncoding.EncodeToString(b)
	}
	answer(w, http.StatusOK, map[string]any{"items": items, "totalItems": len(all), "pageInfo": info})
}

func (p *portal) byRefs(w http.ResponseWriter, r *http.Request) {
	var body struct{ EntityRefs []string }
	json.NewDecoder(r.Body).Decode(&body)
	items := make([]any, len(body.EntityRefs))
	for i, ref := range body.EntityRefs {
		for _, e := range p.entities {
			if refOf(e) == ref {
				items[i] = e
			}
		}
	}
	answer(w, http.StatusOK, map[string]any{"items": items})
}

func (p *portal) rejected(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"items": p.rejections, "totalItems": len(p.rejections)})
}

func refOf(e map[string]any) string {
	m := e["metadata"].(map[string]any)
	return strings.ToLower(fmt.Sprintf("%s:default/%s", e["kind"], m["name"]))
}

// from makes a component that a place leads to, from a file there.
func from(name, file, origin string) map[string]any {
	return map[string]any{
		"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
		"metadata": map[string]any{"name": name, "namespace": "default", "annotations": map[string]any{
			"backstage.io/managed-by-location": file, "backstage.io/managed-by-origin-location": origin,
		}},
		"spec": map[string]any{"type": "service", "lifecycle": "production", "owner": "team-a"},
	}
}

// with returns a copy with another owner.
func with(e map[string]any, owner string) map[string]any {
	return map[string]any{
		"apiVersion": e["apiVersion"], "kind": e["kind"], "metadata": e["metadata"],
		"spec": map[string]any{"type": "service", "lifecycle": "production", "owner": owner},
	}
}

// standsFor makes the Location entity of a place.
func standsFor(place string) map[string]any {
	_, target, _ := strings.Cut(place, ":")
	return map[string]any{
		"apiVersion": "backstage.io/v1alpha1", "kind": "Location",
		"metadata": map[string]any{"name": generated(place), "namespace": "default", "annotations": map[string]any{
			"backstage.io/managed-by-location": place, "backstage.io/managed-by-origin-location": place,
		}},
		"spec": map[string]any{"type": "url", "target": target},
	}
}

func options(theirs, ours *portal) backstage.Options {
	return backstage.Options{
		From: backstage.Server{URL: theirs.URL, TokenFrom: "--token"}, To: backstage.Server{URL: ours.URL, Token: "ours", TokenFrom: "--portal-token"},
		Wait: 0,
	}
}
