package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
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
	post := func(path, body, cookie, header string) int {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+path, strings.NewReader(body))
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
		if got := post("/api/subscribers/cmdb/"+c.work, "", c.cookie, c.header); got != c.status {
			t.Errorf("%s by cookie %q and header %.20q: %d, want %d", c.work, c.cookie, c.header, got, c.status)
		}
	}
	recorded := r.get(t, "/api/history/events?type=subscriber.work.requested&order=asc", int(r.last(t)))
	for _, want := range []string{`"actor":{"name":"Fen Käfer"}`, `"actor":{"name":"Marsh, on call"}`, `"actor":{},`, `"totalItems":4`} {
		if !strings.Contains(recorded, want) {
			t.Errorf("no %q in %s", want, recorded)
		}
	}

	var declared eventlog.Position
	for rec, err := range r.events.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type == event.TypeEntityRegistered && rec.Subject == "component:default/payments" {
			declared = rec.Position
		}
	}
	const fact = `"facts": [{"entity": "payments", "name": "coverage", "value": 84.5}]`
	for _, c := range []struct {
		path, body, header string
		status             int
	}{
		{"/api/facts", `{` + fact + `}`, "Moss%20Bank", http.StatusCreated},
		{"/api/facts", `{"by": " ci ", ` + fact + `}`, "Moss%20Bank", http.StatusCreated},
		{"/api/facts", `{` + fact + `}`, "", http.StatusBadRequest},
		{"/api/verifications", `{"entity": "payments"}`, "Moss%20Bank", http.StatusCreated},
		{"/api/verifications", `{"entity": "payments"}`, "", http.StatusBadRequest},
		{fmt.Sprintf("/api/history/events/%d/undo", declared), `{"reason": "by mistake"}`, "Moss%20Bank", http.StatusCreated},
	} {
		if got := post(c.path, c.body, "", c.header); got != c.status {
			t.Errorf("%s with %s by header %q: %d, want %d", c.path, c.body, c.header, got, c.status)
		}
	}
	told := r.get(t, "/api/history/events?actor=Moss+Bank", int(r.last(t)))
	for _, want := range []string{`"type":"entity.removed.v1"`, `"totalItems":4`} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in what Moss Bank did: %s", want, told)
		}
	}

	page := newVisitor(t).open(r.base+"/subscribers").press("Keep", map[string]string{"by": "  Wren  "}).isAt("/subscribers").isTold("summary[title='You act as Wren']", "Wren")
	page.press("Keep", map[string]string{"by": ""}).isAt("/subscribers").isTold("summary[title='Say who you are']")
}
