package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
)

// Whoever asks for something says who they are, on pages by a cookie, elsewhere by a
// header that goes before it, and is on record so.
func TestWhoAsks(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a")
	p := newProgram(t, "")
	r.subscribe(t, map[string]*program{"cmdb": p})
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	order := func(work, cookie, header string) int {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/api/subscribers/cmdb/"+work, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		if cookie != "" {
			q.AddCookie(&http.Cookie{Name: "callboard_by", Value: cookie})
		}
		if header != "" {
			q.Header.Set(headerBy, header)
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		work, cookie, header string
		status               int
	}{
		{"pause", url.QueryEscape("Fen Käfer"), "", http.StatusOK},
		{"resume", url.QueryEscape("Fen Käfer"), url.PathEscape("Marsh, on call"), http.StatusOK},
		{"pause", "%zz", "", http.StatusOK}, // a cookie that is none is nobody
		{"resume", "", "%0A", http.StatusBadRequest},
		{"resume", "", "live%E2%80%AE", http.StatusBadRequest},
		{"resume", "", strings.Repeat("x", event.MaxName+1), http.StatusBadRequest},
		{"resume", "", strings.Repeat("x", event.MaxName), http.StatusOK},
	} {
		if got := order(c.work, c.cookie, c.header); got != c.status {
			t.Errorf("%s by cookie %q and header %.20q: %d, want %d", c.work, c.cookie, c.header, got, c.status)
		}
	}
	recorded := r.get(t, "/api/history/events?type=subscriber.work.requested&order=asc", int(r.last(t)))
	for _, want := range []string{`"actor":{"name":"Fen Käfer"}`, `"actor":{"name":"Marsh, on call"}`, `"actor":{},`, `"totalItems":4`} {
		if !strings.Contains(recorded, want) {
			t.Errorf("no %q in %s", want, recorded)
		}
	}

	page := newVisitor(t).open(r.base+"/subscribers").press("Keep", map[string]string{"by": "  Wren  "}).isAt("/subscribers").isTold("summary[title='You act as Wren']", "Wren")
	page.press("Keep", map[string]string{"by": ""}).isAt("/subscribers").isTold("summary[title='Say who you are']")
}
