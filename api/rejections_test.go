package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Rejections come newest first, page by page, with what is wrong and who keeps the name.
func TestRejections(t *testing.T) {
	story := projectiontest.NewStory(t)
	for i := range 5 {
		r := event.EntityRejected{
			Ref: fmt.Sprint("component:default/c", i), Origin: event.Origin{Source: "github", Repository: "acme/pay", Path: fmt.Sprint(i, ".yaml"), URL: "https://forge.example/pay"},
			Problems: []event.Problem{{Path: "spec.owner", Line: 7, Column: 3, Message: "is missing"}},
		}
		if i == 4 {
			story.Add(r.Ref, event.EntityConflicted{EntityRejected: r, With: event.Origin{Source: "gitlab", Repository: "acme/other", Path: "catalog-info.yaml"}})
		} else {
			story.Add(r.Ref, r)
		}
	}
	c := entities.New()
	if err := c.Apply(t.Context(), story.Records()); err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.New(api.Config{Catalog: c.Snapshot, Logger: slog.New(slog.DiscardHandler)}).Register(e)
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)

	type page struct {
		Items []struct {
			Ref    string
			Origin struct{ Source, Repository, Path, URL string }
			With   *struct{ Repository string }

			Problems []event.Problem
		}
		TotalItems int
		NextCursor string
	}
	get := func(query string) (p page, status int) {
		resp, err := http.Get(s.URL + "/api/rejections" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		return p, resp.StatusCode
	}
	var refs []string
	for query := "?limit=2"; query != ""; {
		p, status := get(query)
		if status != http.StatusOK || p.TotalItems != 5 || len(p.Items) > 2 {
			t.Fatalf("%s: %d %+v", query, status, p)
		}
		for _, it := range p.Items {
			refs = append(refs, it.Ref)
			if (it.With != nil) != (it.Ref == "component:default/c4") || it.Origin.URL != "https://forge.example/pay" || it.Problems[0].Line != 7 {
				t.Errorf("got %+v", it)
			}
		}
		if query = ""; p.NextCursor != "" {
			query = "?limit=2&after=" + p.NextCursor
		}
	}
	if got := fmt.Sprint(refs); got != "[component:default/c4 component:default/c3 component:default/c2 component:default/c1 component:default/c0]" {
		t.Errorf("got %s", got)
	}
	if p, _ := get(""); len(p.Items) != 5 {
		t.Errorf("without a limit: %d", len(p.Items))
	}
	if _, status := get("?after=x"); status != http.StatusBadRequest {
		t.Errorf("after=x: %d", status)
	}
}
