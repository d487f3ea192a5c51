package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A portal without scorecards has no initiatives and exemptions either, and says so.
func TestNoAgreementsWithoutScorecards(t *testing.T) {
	p := acme(t)
	for _, path := range []string{"/exemptions", "/exemptions/new", "/exemptions/x", "/initiatives", "/initiatives/new", "/initiatives/x", "/initiatives/x/edit"} {
		if got := p.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	for _, path := range []string{"/exemptions/new", "/exemptions/x/grant", "/initiatives/new", "/initiatives/x/close"} {
		if got := p.post(path, nil); got.status != http.StatusNotFound {
			t.Errorf("POST %s answers %d", path, got.status)
		}
	}
}

// Where nobody is asked there is no share to tell.
func TestAnInitiativeThatAsksNobody(t *testing.T) {
	o := staffed(t)
	made := o.post("/initiatives/new", url.Values{
		"title": {"Docs for towers"}, "scorecard": {"production-readiness"}, "rules": {"docs"}, "filter": {`entity.spec.type == "tower"`}, "target": {"2099-06-30"},
		"remind": {"30, 7, 1"}, "by": {"Moss Bank"},
	})
	if made.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", made.status, made.text("main"))
	}
	if page := o.ok("/initiatives").text("main"); !strings.Contains(page, "Nobody is asked") || strings.Contains(page, "0 %") {
		t.Errorf("the list is %s", page)
	}
	o.ok(made.header.Get("Location")).wants("[data-part=terms]", "30, 7 and 1 days before")
}
